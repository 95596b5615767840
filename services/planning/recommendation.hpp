#pragma once
// How often a stream table should be refreshed.

#include "services/planning/table_model.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace pgtrickle {

/// What keeps the recommended interval from being another one.
enum class interval_bound : std::uint8_t {
  /// Nothing is recommended: too little is known.
  none,
  /// A longer one would miss the target too often.
  target,
  /// A longer one would make data staler than it saves load, a shorter one
  /// cost more than it gains.
  knee,
  /// Shorter ones are not allowed.
  minimum,
  /// Shorter ones are more than the workers can carry.
  workers
};

[[nodiscard]] std::string to_string(interval_bound bound);

struct recommendation {
  double recommended_interval_seconds = 0;
  double current_interval_seconds = 0;
  /// From the current interval to the recommended one; 0 if either is 0.
  double delta_pct = 0;
  /// When changes concentrate; absent: they don't.
  std::optional<std::string> peak_window_cron;
  double confidence = 0;
  std::string reasoning;
  interval_bound bound = interval_bound::none;
  std::size_t samples = 0;
  /// Of the data just before a refresh lands, the mean.
  double expected_staleness_seconds = 0;
  /// Of the data just before a refresh lands: no more with the probability that
  /// the rules ask for.
  double worst_staleness_seconds = 0;
  /// The probability of landing within the target; 1 without one.
  double kept = 1;
  /// Busy seconds per second, with the recommended interval.
  double expected_load = 0;
  double current_load = 0;
};

/// Recommends the cheapest interval that keeps lag within `target` with the
/// probability that the rules ask for, or, without a target, the one at the
/// knee of load against staleness. With too few samples it recommends the
/// current one, with confidence 0.
[[nodiscard]] recommendation
recommend(const table_model& model, const schedule& current,
          std::optional<std::chrono::milliseconds> target,
          const planner_rules& rules, wall_time now);

/// The interval that `when` comes to: for cron expressions the mean distance
/// of the times of the next week, for calculated ones what was usual; 0 if
/// that is not known.
[[nodiscard]] std::chrono::milliseconds
mean_interval(const schedule& when, const table_model& model, wall_time now);

/// The hours in which changes concentrate, as a cron expression by the clock of
/// the database, for example "* 9-11 * * 1-5"; absent: there are none.
[[nodiscard]] std::optional<std::string> peak_window(const season& arrivals);

} // namespace pgtrickle
