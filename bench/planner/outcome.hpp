#pragma once
// What the trials of all traces come to.

#include "bench/planner/trials.hpp"

#include <ostream>
#include <string>
#include <vector>

namespace pgtrickle::bench {

/// All trials of one workload, those of several seeds together.
struct outcome {
  const workload* kind = nullptr;
  warning_trial warnings;
  forecast_trial forecasts;
  std::vector<advice_trial> advice;
  std::vector<confidence_trial> confidence;
};

[[nodiscard]] outcome run_trials(const workload& kind, std::uint64_t seed);

void add(outcome& to, const outcome& more);

/// Prints tables, and whether each bar is kept. Returns whether all are.
bool print(std::ostream& out, const std::vector<outcome>& all);

/// How many hours the nearer and the farther end of `cron` are off `peak`, the
/// larger of both; 24 if it names other days, or is none where there is one, or
/// one where there is none.
[[nodiscard]] double hours_off(const std::optional<std::string>& cron,
                               const std::optional<true_peak>& peak);

} // namespace pgtrickle::bench
