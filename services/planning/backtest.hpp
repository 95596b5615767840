#pragma once
// How good forecasts would have been: each made only from what was known
// before.

#include "services/planning/table_model.hpp"

#include <chrono>
#include <cstddef>
#include <optional>

namespace pgtrickle {

struct backtest_report {
  /// Refreshes that were foretold.
  std::size_t forecasts = 0;
  /// Medians of |foretold − was| / was.
  double duration_error = 0;
  double changes_error = 0;
  /// Shares of the durations and of the changes that lay within their bands.
  double duration_in_50 = 0;
  double duration_in_95 = 0;
  double changes_in_50 = 0;
  double changes_in_95 = 0;
  /// Refreshes that landed more than 20 % above the target, warnings, and those
  /// warnings that were right.
  std::size_t breaches = 0;
  std::size_t warnings = 0;
  std::size_t hits = 0;
  /// Of the warnings; absent without a target, or without any to divide by.
  std::optional<double> precision;
  std::optional<double> recall;
  /// Mean square error of the probability of a breach (Brier).
  std::optional<double> brier;
};

[[nodiscard]] backtest_report
backtest(const table_history& history, const schedule& current,
         std::optional<std::chrono::milliseconds> target,
         const planner_rules& rules);

} // namespace pgtrickle
