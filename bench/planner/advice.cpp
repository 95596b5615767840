#include "bench/planner/trials.hpp"
#include "services/planning/recommendation.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace pgtrickle::bench {

namespace {

double seconds_of(std::chrono::milliseconds ms) {
  return std::chrono::duration<double>(ms).count();
}

/// A recommendation is applied if it differs by more than this.
constexpr double least_difference_pct = 5;

/// Adds up how refreshes keep a target.
class keeping {
public:
  explicit keeping(double target) : target_(target) {}

  void add(const simulated_refresh& done, double last_ended) {
    ++all_;
    kept_ += done.lag() <= target_ ? 1 : 0;
    busy_ += done.ended - done.started;
    stale_ += std::max(
      0.0, done.ended - std::max(done.stale_from + target_, last_ended));
  }
  void store(advice_trial& to, double span) const {
    to.time_kept = 1 - stale_ / span;
    to.refreshes_kept = static_cast<double>(kept_) / static_cast<double>(all_);
    to.load = busy_ / span;
  }

private:
  double target_;
  std::size_t all_ = 0;
  std::size_t kept_ = 0;
  double busy_ = 0;
  double stale_ = 0;
};

/// The latest start after which the changes since `shown` land in time.
double latest_start(const trace& of, double shown, double earliest,
                    double land_by) {
  double low = earliest;
  double high = std::max(earliest, land_by);
  for (int i = 0; i < 30; ++i) {
    const auto middle = (low + high) / 2;
    const auto lands
      = middle + of.expected_seconds(of.changes(shown, middle), middle);
    (lands <= land_by ? low : high) = middle;
  }
  return low;
}

} // namespace

double least_load(const trace& of, double from, double until) {
  const auto target = seconds_of(of.kind().target);
  double shown = from;
  double ended = from;
  double busy = 0;
  while (ended < until) {
    const auto changed = of.first_change(shown);
    if (changed >= until)
      break;
    const auto stale_from = changed > shown + target ? changed : shown;
    const auto start
      = latest_start(of, shown, std::max(changed, ended), stale_from + target);
    const auto took = of.expected_seconds(of.changes(shown, start), start);
    busy += took;
    ended = start + took;
    shown = start;
  }
  return busy / (until - from);
}

advice_trial try_advice(const trace& of, simulation table) {
  advice_trial trial;
  const auto rules = rules_of_trials();
  keeping kept{seconds_of(of.kind().target)};
  const auto began = table.now();
  double ask_at = 0;
  while (table.now() < of.seconds()) {
    if (const auto now = table.now(); now >= ask_at) {
      const auto wall = trace::wall(now);
      const auto model
        = learn_model(table.history(), table.when(), rules, wall);
      const auto advice
        = recommend(model, table.when(), of.kind().target, rules, wall);
      if (std::abs(advice.delta_pct) > least_difference_pct
          || std::holds_alternative<cron_schedule>(table.when()))
        table.reschedule(std::chrono::milliseconds{
          std::llround(1000 * advice.recommended_interval_seconds)});
      if (ask_at == 0) {
        trial.first_interval = advice.recommended_interval_seconds;
        trial.peak_cron = advice.peak_window_cron;
      }
      trial.last_interval = advice.recommended_interval_seconds;
      trial.confidence = advice.confidence;
      ask_at = now + learnt_every;
    }
    const auto ended = table.now();
    kept.add(table.next(), ended);
  }
  kept.store(trial, table.now() - began);
  trial.least_load = least_load(of, began, of.seconds());
  return trial;
}

std::vector<confidence_trial> try_confidence(const trace& of) {
  constexpr std::array hours{1, 3, 8, 24, 48, 96, 168, 336};
  const auto rules = rules_of_trials();
  std::vector<confidence_trial> trials;
  simulation table{of, schedule_of(of.kind())};
  for (auto history : hours) {
    while (table.now() < 3600.0 * history)
      static_cast<void>(table.next());
    const auto now = trace::wall(table.now());
    const auto advice
      = recommend(learn_model(table.history(), table.when(), rules, now),
                  table.when(), of.kind().target, rules, now);
    if (advice.confidence == 0)
      continue;
    auto follower = table;
    follower.reschedule(std::chrono::milliseconds{
      std::llround(1000 * advice.recommended_interval_seconds)});
    keeping kept{seconds_of(of.kind().target)};
    const auto began = table.now();
    while (follower.now() < began + 86400) {
      const auto ended = follower.now();
      kept.add(follower.next(), ended);
    }
    advice_trial day;
    kept.store(day, follower.now() - began);
    const auto least = least_load(of, began, follower.now());
    trials.push_back({advice.confidence, day.time_kept >= least_kept
                                           && day.load <= most_load * least});
  }
  return trials;
}

} // namespace pgtrickle::bench
