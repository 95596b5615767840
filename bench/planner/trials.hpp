#pragma once
// What is asked of the planner in a trace, and how it did.

#include "bench/planner/simulation.hpp"
#include "services/planning/planner_rules.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace pgtrickle::bench {

/// So long the planner only learns; it is judged by the rest.
constexpr double learning_days = 14;
constexpr std::size_t trace_days = 28;

/// The table's model is learnt again so often.
constexpr double learnt_every = 3600;

/// Refreshes that were, or were not, said to be late.
struct warning_score {
  std::size_t right = 0;
  std::size_t wrong = 0;
  std::size_t missed = 0;

  void count(bool warned, bool breached);
  void add(const warning_score& other);
  /// 1 if there was nothing to say, and nothing was said.
  [[nodiscard]] double f1() const;
  [[nodiscard]] double precision() const;
  [[nodiscard]] double recall() const;
};

struct warning_trial {
  warning_score planner;
  /// 1.1 × the last duration ≥ 1.2 × target.
  warning_score peer;
  /// Median + 3 MAD of the last 100 lags ≥ 1.2 × target.
  warning_score robust;
  /// Who knows the true costs, and when the refresh starts: there is no better.
  warning_score best;
  std::size_t refreshes = 0;
  /// Seconds from the warning to the start of the refresh that was late.
  std::vector<double> ahead;
  /// Sum of the squared errors of the last probability before each start.
  double brier = 0;

  void add(const warning_trial& other);
};

/// Shares of what came that lay in the 95 % and 50 % bands of a forecast made
/// at the beginning of the day.
struct coverage {
  std::size_t all = 0;
  std::size_t in_95 = 0;
  std::size_t in_50 = 0;
  void add(const coverage& other);
};

struct forecast_trial {
  coverage changes;
  coverage durations;
  coverage lags;
};

struct advice_trial {
  double first_interval = 0;
  double last_interval = 0;
  /// Shares of the time, and of the refreshes, in which the target was kept.
  double time_kept = 0;
  double refreshes_kept = 0;
  /// Busy seconds per second, with the advice and with foresight.
  double load = 0;
  double least_load = 0;
  std::optional<std::string> peak_cron;
  double confidence = 0;
};

/// A recommendation, and whether it was good for the day that followed: the
/// target kept for 99 % of the time at 1.3 × the least load.
struct confidence_trial {
  double confidence = 0;
  bool good = false;
};

/// The bars of a recommendation.
constexpr double least_kept = 0.99;
constexpr double most_load = 1.3;

[[nodiscard]] planner_rules rules_of_trials();
[[nodiscard]] schedule schedule_of(const workload& kind);

/// A simulation of `of` that has run for as long as the planner only learns.
[[nodiscard]] simulation learnt(const trace& of);

[[nodiscard]] warning_trial try_warnings(const trace& of, simulation table);
[[nodiscard]] forecast_trial try_forecasts(const trace& of, simulation table);
[[nodiscard]] advice_trial try_advice(const trace& of, simulation table);

/// Recommendations after an hour up to two weeks of history.
[[nodiscard]] std::vector<confidence_trial> try_confidence(const trace& of);

/// Busy seconds per second from `from` to `until` if each refresh is begun as
/// late as the target allows, by who knows what is to come and waits for no
/// worker.
[[nodiscard]] double least_load(const trace& of, double from, double until);

} // namespace pgtrickle::bench
