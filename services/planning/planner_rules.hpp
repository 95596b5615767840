#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace pgtrickle {

/// What bounds the planner's advice.
struct planner_rules {
  /// With fewer refreshes nothing is concluded
  /// (pg_trickle.schedule_recommendation_min_samples).
  std::size_t min_samples = 20;
  /// The probability with which a refresh is to land within the target.
  double probability = 0.99;
  /// Intervals may not be shorter (pg_trickle.min_schedule_seconds).
  std::chrono::milliseconds shortest_interval{1000};
  /// Of the database: days and hours are those of its clock.
  std::string time_zone = "UTC";
  /// Busy seconds per second that the workers have left for this table beside
  /// the others; may exceed 1.
  double spare = 1;
};

} // namespace pgtrickle
