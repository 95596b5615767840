#include "services/planning/table_model.hpp"

#include <algorithm>
#include <cmath>

namespace pgtrickle {

namespace {

/// From which share of both modes on a table is taken to choose the cheaper.
constexpr double mixed = 0.02;

/// Of a short history so much is lacking, and half as much of a whole day.
constexpr double lacking = 0.35;
constexpr double day_hours = 24;

/// With min_samples refreshes one fifth is lacking.
constexpr double samples_share = 0.25;

} // namespace

double table_model::rate_at(wall_time when) const {
  return arrivals.per_second[week_clock{time_zone, when, when}.hour_at(when)]
         * arrivals.grown(when);
}

double table_model::mean_rate() const {
  const auto quiet = hour_ratio.quiet.mean();
  const auto busy = hour_ratio.busy.mean();
  double sum = 0;
  for (auto rate : arrivals.per_second)
    sum += rate * (rate < hour_ratio.busy_from ? quiet : busy);
  return sum / hours_of_week;
}

const duration_model* table_model::durations(double changes) const {
  if (!differential || !full)
    return differential ? &*differential : full ? &*full : nullptr;
  if (full_share < mixed)
    return &*differential;
  if (full_share > 1 - mixed)
    return &*full;
  return full->line_ms(changes) < differential->line_ms(changes)
           ? &*full
           : &*differential;
}

double table_model::expected_ms(double changes) const {
  const auto* model = durations(changes);
  return model == nullptr ? 0 : model->expected_ms(changes);
}

double confidence_of(const table_model& model, const planner_rules& rules) {
  if (model.samples < rules.min_samples || model.samples == 0)
    return 0;
  const auto samples = static_cast<double>(model.samples);
  const auto least
    = static_cast<double>(std::max<std::size_t>(rules.min_samples, 1));
  const auto hours
    = std::chrono::duration<double, std::ratio<3600>>{model.span}.count();
  return samples / (samples + samples_share * least)
         * (1 - lacking * day_hours / (hours + day_hours)) * model.stability;
}

} // namespace pgtrickle
