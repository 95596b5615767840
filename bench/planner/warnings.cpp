#include "bench/planner/trials.hpp"
#include "services/planning/landing.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

namespace pgtrickle::bench {

namespace {

std::chrono::milliseconds ms(double seconds) {
  return std::chrono::milliseconds{std::llround(1000 * seconds)};
}

/// The last lags, as the rule by median and MAD sees them.
class last_lags {
public:
  void add(double lag) {
    lags_.push_back(lag);
    if (lags_.size() > 100)
      lags_.pop_front();
  }
  [[nodiscard]] double high() const {
    std::vector<double> lags{lags_.begin(), lags_.end()};
    const auto middle = median(lags);
    return middle + 3 * scaled_mad(lags, middle);
  }

private:
  std::deque<double> lags_;
};

struct answer {
  bool warned = false;
  double ahead = 0;
  double probability = 0;
};

/// Asks with the last refresh, which tells before another one can start, and
/// then once a second until `next` starts, with what has changed by then.
answer ask(const trace& of, const table_model& model, double last_ended,
           double due, const simulated_refresh& next) {
  answer result;
  for (auto t = last_ended; t == last_ended || t < next.started;
       t = std::floor(t) + 1) {
    const auto changes = of.changes(next.shown, t);
    // There is nothing to refresh, however long ago the last one was.
    if (changes == 0 && t >= due)
      continue;
    const auto until = t >= due ? next.due - t : due - t;
    const auto from = t >= due ? next.stale_from : next.shown;
    const auto said
      = predict_landing(model, {trace::wall(t), ms(t - from), changes,
                                ms(until), of.kind().target, false});
    result.probability = said.probability;
    if (said.breach && !result.warned) {
      result.warned = true;
      result.ahead = next.started - t;
    }
  }
  return result;
}

} // namespace

void warning_score::count(bool warned, bool breached) {
  (breached ? warned ? right : missed : wrong) += warned || breached ? 1 : 0;
}

void warning_score::add(const warning_score& other) {
  right += other.right;
  wrong += other.wrong;
  missed += other.missed;
}

double warning_score::f1() const {
  const auto all = static_cast<double>(2 * right + wrong + missed);
  return all == 0 ? 1 : 2 * static_cast<double>(right) / all;
}

double warning_score::precision() const {
  return right + wrong == 0
           ? 1
           : static_cast<double>(right) / static_cast<double>(right + wrong);
}

double warning_score::recall() const {
  return right + missed == 0
           ? 1
           : static_cast<double>(right) / static_cast<double>(right + missed);
}

void warning_trial::add(const warning_trial& other) {
  planner.add(other.planner);
  peer.add(other.peer);
  robust.add(other.robust);
  best.add(other.best);
  refreshes += other.refreshes;
  ahead.insert(ahead.end(), other.ahead.begin(), other.ahead.end());
  brier += other.brier;
}

warning_trial try_warnings(const trace& of, simulation table) {
  warning_trial trial;
  last_lags lags;
  table_model model;
  const auto limit
    = breach_factor * std::chrono::duration<double>(of.kind().target).count();
  double learn_at = 0;
  double last_duration = 0;
  while (table.now() < of.seconds()) {
    const auto now = table.now();
    if (now >= learn_at) {
      model = learn_model(table.history(), table.when(), rules_of_trials(),
                          trace::wall(now));
      learn_at = now + learnt_every;
    }
    const auto due = std::max(table.next_due(), now);
    const auto next = table.next();
    if (next.ended > of.seconds())
      break;
    const bool breached = next.lag() > limit;
    const auto said = ask(of, model, now, due, next);
    trial.planner.count(said.warned, breached);
    if (said.warned && breached)
      trial.ahead.push_back(said.ahead);
    trial.brier += std::pow(said.probability - (breached ? 1 : 0), 2);
    trial.best.count(next.started - next.stale_from
                         + of.expected_seconds(next.changes, next.started)
                       > limit,
                     breached);
    trial.peer.count(1.1 * last_duration >= limit, breached);
    trial.robust.count(lags.high() >= limit, breached);
    last_duration = next.ended - next.started;
    lags.add(next.lag());
    ++trial.refreshes;
  }
  return trial;
}

} // namespace pgtrickle::bench
