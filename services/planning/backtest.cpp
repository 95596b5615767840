// A model is learnt from what was before, foretells the refreshes that follow,
// and is then learnt anew.

#include "services/planning/backtest.hpp"

#include "services/planning/landing.hpp"
#include "services/planning/recommendation.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace pgtrickle {

namespace {

using milliseconds = std::chrono::duration<double, std::milli>;

/// A model is learnt so many times at most.
constexpr std::size_t most_models = 40;

/// The changes that are pending are counted once a second.
constexpr auto look_before = std::chrono::milliseconds{1000};

/// What was known when `history.refreshes[count - 1]` had ended.
table_history known_before(const table_history& history, std::size_t count) {
  table_history known;
  known.scheduled_since = history.scheduled_since;
  known.refreshes.assign(history.refreshes.begin(),
                         history.refreshes.begin()
                           + static_cast<std::ptrdiff_t>(count));
  const auto now = known.refreshes.back().ended;
  for (const auto& one : history.hours)
    if (one.hour + std::chrono::hours{1} <= now)
      known.hours.push_back(one);
  return known;
}

double share(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0
                    : static_cast<double>(part) / static_cast<double>(whole);
}

class backtester {
public:
  backtester(const schedule& current,
             std::optional<std::chrono::milliseconds> target)
    : current_(current), target_(target) {}

  void foretell(const table_model& model, const past_refresh& last,
                const past_refresh& next) {
    const auto* durations = model.durations(next.changes);
    if (durations == nullptr)
      return;
    ++report_.forecasts;
    const auto took = std::max(next.took_ms(), 0.1);
    add(durations->line_ms(next.changes), durations->ratio(next.changes), took,
        durations_);
    const auto window = milliseconds{next.data_at - last.data_at}.count();
    const auto rate = model.rate_at(last.data_at);
    add(rate * window / 1000, model.window_ratio.at(rate), next.changes,
        changes_);
    if (target_)
      warn(model, last, next, window);
  }

  backtest_report report() {
    report_.duration_error = median(durations_.errors);
    report_.changes_error = median(changes_.errors);
    report_.duration_in_50 = share(durations_.in_50, report_.forecasts);
    report_.duration_in_95 = share(durations_.in_95, report_.forecasts);
    report_.changes_in_50 = share(changes_.in_50, report_.forecasts);
    report_.changes_in_95 = share(changes_.in_95, report_.forecasts);
    if (report_.warnings > 0)
      report_.precision = share(report_.hits, report_.warnings);
    if (report_.breaches > 0)
      report_.recall = share(report_.hits, report_.breaches);
    if (target_ && report_.forecasts > 0)
      report_.brier = brier_ / static_cast<double>(report_.forecasts);
    return report_;
  }

private:
  struct tally {
    std::vector<double> errors;
    std::size_t in_50 = 0;
    std::size_t in_95 = 0;
  };

  static void add(double base, const spread& ratio, double was, tally& to) {
    const auto within = [&](double low, double high) {
      return was >= base * ratio.quantile(low)
             && was <= base * ratio.quantile(high);
    };
    if (was > 0)
      to.errors.push_back(std::abs(base * ratio.quantile(0.5) - was) / was);
    to.in_50 += within(0.25, 0.75) ? 1 : 0;
    to.in_95 += within(0.025, 0.975) ? 1 : 0;
  }

  /// Asks right after the last refresh, and when the next one is about to
  /// start.
  void warn(const table_model& model, const past_refresh& last,
            const past_refresh& next, double window_ms) {
    const auto wait = mean_interval(current_, model, last.data_at)
                      - (last.ended - last.data_at);
    waiting at{last.ended,
               std::chrono::duration_cast<std::chrono::milliseconds>(
                 last.ended - last.data_at),
               0.0,
               std::chrono::duration_cast<std::chrono::milliseconds>(wait),
               *target_,
               false};
    const auto early = predict_landing(model, at);
    at.now = std::max(next.started - look_before, last.ended);
    at.age = std::chrono::duration_cast<std::chrono::milliseconds>(
      at.now - last.data_at);
    at.pending_changes
      = next.changes * milliseconds{at.age}.count() / std::max(window_ms, 1.0);
    at.starts_in = std::chrono::duration_cast<std::chrono::milliseconds>(
      last.data_at + mean_interval(current_, model, last.data_at) - at.now);
    const auto late = predict_landing(model, at);
    count(early.breach || late.breach, late.probability,
          milliseconds{next.ended - last.data_at}.count()
            > breach_factor * milliseconds{*target_}.count());
  }

  void count(bool warned, double probability, bool breached) {
    report_.warnings += warned ? 1 : 0;
    report_.breaches += breached ? 1 : 0;
    report_.hits += warned && breached ? 1 : 0;
    brier_ += std::pow(probability - (breached ? 1 : 0), 2);
  }

  const schedule& current_;
  std::optional<std::chrono::milliseconds> target_;
  backtest_report report_;
  tally durations_;
  tally changes_;
  double brier_ = 0;
};

} // namespace

backtest_report backtest(const table_history& history, const schedule& current,
                         std::optional<std::chrono::milliseconds> target,
                         const planner_rules& rules) {
  backtester test{current, target};
  const auto& all = history.refreshes;
  const auto first = std::max<std::size_t>(rules.min_samples, 2);
  const auto stride = std::max<std::size_t>(1, all.size() / most_models);
  for (auto begin = first; begin < all.size(); begin += stride) {
    const auto model = learn_model(known_before(history, begin), current, rules,
                                   all[begin - 1].ended);
    for (auto i = begin; i < std::min(begin + stride, all.size()); ++i)
      test.foretell(model, all[i - 1], all[i]);
  }
  return test.report();
}

} // namespace pgtrickle
