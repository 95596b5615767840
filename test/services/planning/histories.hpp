#pragma once
// Histories of stream tables, made up.

#include "services/planning/planner_rules.hpp"
#include "services/planning/table_history.hpp"

#include <functional>

namespace pgtrickle {

/// Monday 2026-01-05 00:00 UTC.
constexpr std::chrono::sys_days monday{std::chrono::year{2026}
                                       / std::chrono::January / 5};

/// What a made-up history follows.
struct made_up {
  /// Changes per second, by the hours since `monday`.
  std::function<double(double)> rate = [](double) { return 10.0; };
  /// Of a refresh of so many changes, in ms.
  std::function<double(double)> ms = [](double n) { return 100 + 0.5 * n; };
  std::chrono::milliseconds every{60000};
  /// From being due to the start.
  std::chrono::milliseconds late{0};
  /// The shares by which changes and durations of refreshes differ at most.
  double varied = 0.3;
  double noise = 0.05;
};

/// Refreshes from `monday` on until `hours` have passed: the newest 1,000, and
/// all hours.
[[nodiscard]] table_history history_of(const made_up& what, double hours);

[[nodiscard]] wall_time after(double hours);

/// UTC, and at least 20 samples.
[[nodiscard]] planner_rules usual_rules();

} // namespace pgtrickle
