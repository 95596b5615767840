#include "services/planning/interval_costs.hpp"
#include "services/planning/recommendation.hpp"
#include "services/scheduling/duration.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pgtrickle {

namespace {

using std::chrono::milliseconds;

/// An interval that misses the target by this much more often than the shortest
/// one still does as well.
constexpr double as_good = 0.002;

/// Where the target can't be kept: as often as possible.
constexpr int bisections = 24;

struct chosen_interval {
  double ms = 0;
  interval_bound bound = interval_bound::none;
};

/// The longest interval that keeps the target with the probability `p`.
double longest_that_keeps(const interval_costs& costs, double target_ms,
                          double shortest_ms, double p) {
  double low = shortest_ms;
  double high = std::max(target_ms, shortest_ms);
  for (int i = 0; i < bisections && high - low > 1; ++i) {
    const auto middle = (low + high) / 2;
    (costs.kept(middle, target_ms) >= p ? low : high) = middle;
  }
  return low;
}

/// Nothing is told to the millisecond: at most three digits.
double rounded(double ms) {
  const auto step = ms < 10000 ? 100 : ms < 600000 ? 1000 : 60000;
  return std::max(std::floor(ms / step) * step, std::min(ms, 100.0));
}

chosen_interval choose(const table_model& model,
                       std::optional<milliseconds> target,
                       const planner_rules& rules) {
  const interval_costs costs{model};
  const auto shortest
    = std::max(static_cast<double>(rules.shortest_interval.count()), 1.0);
  chosen_interval chosen{costs.knee_ms(), interval_bound::knee};
  if (target) {
    const auto target_ms = static_cast<double>(target->count());
    const auto possible
      = std::min(rules.probability, costs.kept(shortest, target_ms) - as_good);
    chosen = {longest_that_keeps(costs, target_ms, shortest, possible),
              interval_bound::target};
  }
  chosen.ms = rounded(chosen.ms);
  if (const auto carried = costs.interval_for_load(rules.spare);
      std::isfinite(carried) && carried > chosen.ms)
    chosen = {std::ceil(carried / 100) * 100, interval_bound::workers};
  if (chosen.ms <= shortest)
    chosen = {shortest, interval_bound::minimum};
  return chosen;
}

std::string seconds_text(double seconds) {
  return fmt::format("{:.{}f} s", seconds, seconds < 10 ? 1 : 0);
}

std::string target_text(const recommendation& advice,
                        std::optional<milliseconds> target,
                        const planner_rules& rules) {
  const auto wanted = fmt::format("the target of {}", render_duration(*target));
  if (advice.kept + 1e-9 < rules.probability - as_good)
    return fmt::format(
      "no interval keeps {} in {:.3g} % of the refreshes: this "
      "one does in {:.3g} %",
      wanted, 100 * rules.probability, 100 * advice.kept);
  return fmt::format("keeps {} in {:.3g} % of the refreshes", wanted,
                     100 * advice.kept);
}

std::string bound_text(const recommendation& advice,
                       std::optional<milliseconds> target,
                       const planner_rules& rules) {
  switch (advice.bound) {
    case interval_bound::none:
      return "nothing is recommended";
    case interval_bound::target:
      return target_text(advice, target, rules);
    case interval_bound::knee:
      return "there is no target, and a longer interval would add more to "
             "staleness than it saves load";
    case interval_bound::minimum:
      return "the shortest interval that is allowed"
             + (target ? ": " + target_text(advice, target, rules) : "");
    case interval_bound::workers:
      break;
  }
  return fmt::format("a shorter interval is more than the workers can carry "
                     "beside the other stream tables ({:.2g} busy seconds a "
                     "second)",
                     rules.spare)
         + (target ? ": " + target_text(advice, target, rules) : "");
}

std::string cost_text(const table_model& model) {
  const auto changes = model.rates.mean() * model.gap_ms / 1000;
  const auto* durations = model.durations(changes);
  return fmt::format("a refresh takes {:.3g} ms + {:.3g} ms for each 1000 "
                     "changes, of which {:.3g} a second come, and waits {:.3g} "
                     "ms for a worker (95 %: {:.3g} ms)",
                     durations->fixed_ms, 1000 * durations->ms_per_change,
                     model.mean_rate(), model.lateness_ms.quantile(0.5),
                     model.lateness_ms.quantile(0.95));
}

std::string peak_text(const table_model& model,
                      const std::optional<std::string>& cron) {
  if (cron)
    return fmt::format("changes concentrate at \"{}\" ({})", *cron,
                       model.time_zone);
  if (model.span < std::chrono::hours{72})
    return "no peak can be told from less than 3 days";
  return model.arrivals.kind == season_kind::flat
           ? "there is no peak: changes come at all times of the day alike"
           : "there is no peak: no hours have twice the changes that are usual";
}

std::string reasoning(const recommendation& advice, const table_model& model,
                      std::optional<milliseconds> target,
                      const planner_rules& rules) {
  if (advice.bound == interval_bound::none)
    return fmt::format("{} of the {} refreshes that a recommendation needs",
                       model.samples,
                       std::max<std::size_t>(rules.min_samples, 1));
  return fmt::format("{}: {}; {}; {}; learnt from {} refreshes in {:.3g} hours",
                     seconds_text(advice.recommended_interval_seconds),
                     bound_text(advice, target, rules), cost_text(model),
                     peak_text(model, advice.peak_window_cron), model.samples,
                     static_cast<double>(model.span.count()) / 3.6e6);
}

void describe(recommendation& advice, const table_model& model,
              std::optional<milliseconds> target, const planner_rules& rules) {
  const interval_costs costs{model};
  const auto ms = 1000 * advice.recommended_interval_seconds;
  advice.peak_window_cron = peak_window(model.arrivals);
  advice.expected_staleness_seconds = costs.staleness_ms(ms) / 1000;
  advice.worst_staleness_seconds
    = costs.staleness_ms(ms, rules.probability) / 1000;
  advice.expected_load = costs.load(ms);
  advice.current_load = costs.load(1000 * advice.current_interval_seconds);
  if (target)
    advice.kept = costs.kept(ms, static_cast<double>(target->count()));
  if (advice.current_interval_seconds > 0)
    advice.delta_pct
      = 100
        * (advice.recommended_interval_seconds / advice.current_interval_seconds
           - 1);
}

} // namespace

std::string to_string(interval_bound bound) {
  switch (bound) {
    case interval_bound::none:
      return "none";
    case interval_bound::target:
      return "target";
    case interval_bound::knee:
      return "knee";
    case interval_bound::minimum:
      return "minimum";
    case interval_bound::workers:
      break;
  }
  return "workers";
}

milliseconds mean_interval(const schedule& when, const table_model& model,
                           wall_time now) {
  if (const auto* every = std::get_if<interval>(&when))
    return every->length;
  const auto* cron = std::get_if<cron_schedule>(&when);
  if (cron == nullptr)
    return milliseconds{std::llround(model.gap_ms)};
  // Of the next ones, as far as a week reaches.
  constexpr int most_times = 100;
  const auto begin = cron->next(std::chrono::floor<std::chrono::seconds>(now));
  auto end = begin;
  int times = 0;
  while (times < most_times && end - begin < std::chrono::days{7}) {
    end = cron->next(end);
    ++times;
  }
  return std::chrono::duration_cast<milliseconds>(end - begin) / times;
}

recommendation recommend(const table_model& model, const schedule& current,
                         std::optional<milliseconds> target,
                         const planner_rules& rules, wall_time now) {
  recommendation advice;
  advice.samples = model.samples;
  advice.current_interval_seconds
    = static_cast<double>(mean_interval(current, model, now).count()) / 1000;
  advice.recommended_interval_seconds = advice.current_interval_seconds;
  advice.confidence = confidence_of(model, rules);
  if (model.samples >= std::max<std::size_t>(rules.min_samples, 1)
      && (model.differential || model.full)) {
    const auto chosen = choose(model, target, rules);
    advice.recommended_interval_seconds = chosen.ms / 1000;
    advice.bound = chosen.bound;
    describe(advice, model, target, rules);
  }
  advice.reasoning = reasoning(advice, model, target, rules);
  return advice;
}

} // namespace pgtrickle
