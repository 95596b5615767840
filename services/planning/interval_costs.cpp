// Changes come at a rate r for as long as a window lasts. With an interval I, a
// wait w and durations a + b·r·W a window is W = max(I + w, a / (1 − b·r))
// long: a refresh begins no sooner than the one before has ended. It lands W +
// its duration after the moment that the one before it shows.

#include "services/planning/interval_costs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pgtrickle {

namespace {

constexpr double never = std::numeric_limits<double>::infinity();

/// Bounds for an interval that nothing else bounds.
constexpr double shortest_ms = 1;
constexpr double longest_ms = 3.6e6;

} // namespace

interval_costs::interval_costs(const table_model& model) : model_(model) {
  for (std::size_t i = 0; i < shares.size(); ++i)
    rate_ += shares[i] * model.rates.values[i];
  const auto usual = rate_ * model.gap_ms / 1000;
  if (const auto* durations = model.durations(usual)) {
    const auto mean = durations->ratio(usual).mean();
    fixed_ms_ = durations->fixed_ms * mean;
    ms_per_change_ = durations->ms_per_change * mean;
  }
}

interval_costs::window interval_costs::at(double interval_ms, double late_ms,
                                          double rate) const {
  window result{interval_ms + late_ms, nullptr, 0};
  const auto* durations = model_.durations(rate * result.ms / 1000);
  if (durations == nullptr)
    return result;
  const auto free = 1 - durations->ms_per_change * rate / 1000;
  result.ms
    = free <= 0 ? never : std::max(result.ms, durations->fixed_ms / free);
  const auto changes = rate * result.ms / 1000;
  result.line_ms = durations->line_ms(changes);
  result.ratio = &durations->ratio(changes);
  return result;
}

double interval_costs::kept(double interval_ms, double target_ms) const {
  double kept = 0;
  for (std::size_t r = 0; r < shares.size(); ++r)
    for (std::size_t w = 0; w < shares.size(); ++w) {
      const auto late = model_.lateness_ms.values[w];
      const auto [ms, ratio, line]
        = at(interval_ms, late, model_.rates.values[r]);
      if (ms >= target_ms)
        continue;
      const auto in_time
        = ratio == nullptr ? 1 : 1 - ratio->above((target_ms - ms) / line);
      kept += shares[r] * shares[w] * in_time;
    }
  return model_.idle + (1 - model_.idle) * kept;
}

double interval_costs::staleness_ms(double interval_ms) const {
  double sum = 0;
  for (std::size_t r = 0; r < shares.size(); ++r) {
    const auto [ms, ratio, line]
      = at(interval_ms, model_.lateness_ms.mean(), model_.rates.values[r]);
    sum += shares[r] * (ms + (ratio == nullptr ? 0 : line * ratio->mean()));
  }
  return sum;
}

double interval_costs::staleness_ms(double interval_ms, double p) const {
  double low = interval_ms;
  double high = 2 * interval_ms + 1000;
  while (kept(interval_ms, high) < p && high < 1e12)
    high *= 2;
  for (int i = 0; i < 24; ++i) {
    const auto middle = (low + high) / 2;
    (kept(interval_ms, middle) < p ? low : high) = middle;
  }
  return high;
}

double interval_costs::load(double interval_ms) const {
  const auto by_change = ms_per_change_ * rate_ / 1000;
  return model_.active
         * std::min(1.0,
                    fixed_ms_ / std::max(interval_ms, shortest_ms) + by_change);
}

double interval_costs::interval_for_load(double most) const {
  const auto left
    = most / std::max(model_.active, 1e-9) - ms_per_change_ * rate_ / 1000;
  return left > 0 ? fixed_ms_ / left : never;
}

double interval_costs::knee_ms() const {
  const auto by_change = ms_per_change_ * rate_ / 1000;
  if (by_change <= 0)
    return longest_ms;
  return std::clamp(fixed_ms_ / std::sqrt(by_change * (1 + by_change)),
                    shortest_ms, longest_ms);
}

} // namespace pgtrickle
