// How a history becomes a model.

#include "services/planning/arrivals.hpp"
#include "services/planning/punctuality.hpp"
#include "services/planning/regime.hpp"
#include "services/planning/table_model.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace pgtrickle {

namespace {

/// A regime of costs has so many refreshes at least.
constexpr std::size_t shortest_regime = 12;

/// The newest share of the refreshes, which the older ones must foretell.
constexpr double held_back = 0.25;

constexpr double band = 0.95;

/// The refreshes of one mode.
struct durations_of_mode {
  std::vector<measured_duration> measured;
  std::vector<wall_time> ended;
};

durations_of_mode durations_of(const table_history& history, bool full) {
  durations_of_mode result;
  for (const auto& one : history.refreshes)
    if (one.full == full) {
      result.measured.push_back({one.changes, one.took_ms()});
      result.ended.push_back(one.ended);
    }
  return result;
}

std::size_t began_at(const std::vector<measured_duration>& measured,
                     const duration_model& model) {
  std::vector<double> levels;
  levels.reserve(measured.size());
  for (const auto& one : measured)
    levels.push_back(
      std::log(std::max(one.ms, 0.1) / model.line_ms(one.changes)));
  return present_regime(levels, shortest_regime);
}

/// The share of the newest durations that lie in the band that the older ones
/// say; 1 if there are too few to say.
double foretold(std::span<const measured_duration> measured, bool full) {
  const auto newer = static_cast<std::size_t>(
    held_back * static_cast<double>(measured.size()));
  if (newer < 3)
    return 1;
  const auto older = measured.size() - newer;
  const auto model = learn_durations(measured.first(older), full);
  std::size_t inside = 0;
  for (const auto& one : measured.subspan(older)) {
    const auto ratio = one.ms / model.line_ms(one.changes);
    const auto& said = model.ratio(one.changes);
    inside += ratio >= said.quantile((1 - band) / 2)
                  && ratio <= said.quantile((1 + band) / 2)
                ? 1
                : 0;
  }
  return static_cast<double>(inside) / static_cast<double>(newer);
}

/// Learns the durations of one mode. Returns how well they foretell themselves.
double learn_mode(table_model& model, const table_history& history, bool full) {
  const auto all = durations_of(history, full);
  auto& durations = full ? model.full : model.differential;
  if (all.measured.empty())
    return 1;
  durations = learn_durations(all.measured, full);
  std::span<const measured_duration> present{all.measured};
  if (const auto began = began_at(all.measured, *durations); began > 0) {
    present = present.subspan(began);
    durations = learn_durations(present, full);
    model.regime_began = std::max(model.regime_began, all.ended[began]);
  }
  return foretold(present, full);
}

void take(table_model& model, const arrival_model& arrivals) {
  model.arrivals = arrivals.by_hour;
  model.rates = arrivals.rates;
  model.hour_ratio = arrivals.hour_ratio;
  model.window_ratio = arrivals.window_ratio;
  model.dispersion = arrivals.dispersion;
  model.active = arrivals.active;
  model.regime_began = arrivals.regime_began;
}

void learn_punctuality(table_model& model, const punctuality& consumed) {
  std::vector<weighed> late;
  double idle = 0;
  for (const auto& window : consumed.windows) {
    if (window.late_ms)
      late.push_back({*window.late_ms});
    idle += window.after_idleness ? 1 : 0;
  }
  if (!late.empty())
    model.lateness_ms = spread_of(std::move(late));
  if (!consumed.windows.empty())
    model.idle = idle / static_cast<double>(consumed.windows.size());
  model.gap_ms = consumed.gap_ms;
}

/// The refreshes since the present regime began, by number and by time.
void learn_extent(table_model& model, const table_history& history,
                  wall_time from) {
  const auto& all = history.refreshes;
  if (all.empty())
    return;
  model.regime_began
    = std::max(model.regime_began, std::min(from, all.front().started));
  model.samples = static_cast<std::size_t>(
    std::ranges::count_if(all, [&](const past_refresh& one) {
      return one.ended >= model.regime_began;
    }));
  model.span = std::chrono::duration_cast<std::chrono::milliseconds>(
    all.back().ended - model.regime_began);
  model.full_share
    = static_cast<double>(std::ranges::count(all, true, &past_refresh::full))
      / static_cast<double>(all.size());
}

} // namespace

table_model learn_model(const table_history& history, const schedule& current,
                        const planner_rules& rules, wall_time now) {
  table_model model;
  model.time_zone = rules.time_zone;
  const auto consumed = punctuality_of(history, current);
  const auto arrivals = learn_arrivals(history, consumed, rules.time_zone, now);
  take(model, arrivals);
  learn_punctuality(model, consumed);
  const auto differential = learn_mode(model, history, false);
  const auto full = learn_mode(model, history, true);
  learn_extent(model, history, arrivals.from);
  model.stability = std::min(
    1.0,
    (model.full_share * full + (1 - model.full_share) * differential) / band);
  return model;
}

} // namespace pgtrickle
