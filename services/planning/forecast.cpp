#include "services/planning/forecast.hpp"

#include "services/planning/recommendation.hpp"

#include <algorithm>
#include <cmath>

namespace pgtrickle {

namespace {

using milliseconds = std::chrono::duration<double, std::milli>;

/// The outer bands leave out so much at either end; of single refreshes a
/// little less, because the newest ones resemble one another more than they
/// will those to come.
constexpr double left_out = 0.025;
constexpr double left_out_of_refreshes = 0.018;

/// No more slots are made.
constexpr std::size_t most_slots = 10000;

band band_of(std::vector<weighed>& points) {
  double sum = 0;
  double total = 0;
  for (const auto& point : points) {
    sum += point.value * point.weight;
    total += point.weight;
  }
  return {sum / total, weighted_quantile(points, 0.25),
          weighted_quantile(points, 0.75),
          weighted_quantile(points, left_out_of_refreshes),
          weighted_quantile(points, 1 - left_out_of_refreshes)};
}

/// Changes from `from` to `until` by the season alone.
double changes_between(const table_model& model, const week_clock& clock,
                       wall_time from, wall_time until) {
  double changes = 0;
  while (from < until) {
    const wall_time next
      = std::chrono::floor<std::chrono::hours>(from) + std::chrono::hours{1};
    const auto end = std::min(next, until);
    changes += model.arrivals.per_second[clock.hour_at(from)]
               * model.arrivals.grown(from + (end - from) / 2)
               * milliseconds{end - from}.count() / 1000;
    from = end;
  }
  return changes;
}

/// How the changes of a slot spread: as those of hours do, of what one refresh
/// consumes, or of several hours, which make up for one another.
spread ratio_for(const table_model& model, std::chrono::seconds slot,
                 double rate) {
  const auto ms = milliseconds{slot}.count();
  if (ms <= 2 * model.gap_ms && ms < 1.8e6)
    return model.window_ratio.at(rate);
  auto ratio = model.hour_ratio.at(rate);
  const auto hours = std::max(ms / 3.6e6, 1.0);
  const auto mean = ratio.mean();
  for (auto& value : ratio.values)
    value = mean + (value - mean) / std::sqrt(hours);
  return ratio;
}

band changes_band(const spread& ratio, double usual) {
  return {usual * ratio.mean(), usual * ratio.quantile(0.25),
          usual * ratio.quantile(0.75), usual * ratio.quantile(left_out),
          usual * ratio.quantile(1 - left_out)};
}

/// One refresh of a slot in which `rate` changes a second are usual.
class slot_forecaster {
public:
  slot_forecaster(const table_model& model, double interval_ms)
    : model_(model), interval_ms_(interval_ms) {}

  void fill(forecast_slot& slot, double rate) const {
    std::vector<weighed> durations;
    std::vector<weighed> lags;
    const auto idle = idle_at(rate);
    for (std::size_t i = 0; i < shares.size(); ++i) {
      const auto own_rate = rate * model_.window_ratio.at(rate).values[i];
      for (std::size_t k = 0; k < shares.size(); ++k) {
        const auto late = model_.lateness_ms.values[k];
        const auto window = interval_ms_ + late;
        const auto changes = own_rate * window / 1000;
        const auto* line = model_.durations(changes);
        for (std::size_t j = 0; j < shares.size(); ++j) {
          const auto weight = shares[i] * shares[k] * shares[j];
          const auto ms
            = line->line_ms(changes) * line->ratio(changes).values[j];
          durations.push_back({ms, weight});
          lags.push_back({std::max(window, ms) + ms, weight * (1 - idle)});
          if (idle > 0)
            lags.push_back({late + ms, weight * idle});
        }
      }
    }
    slot.refresh_ms = band_of(durations);
    slot.lag_ms = band_of(lags);
  }

private:
  /// The probability that nothing changes within an interval: what it is on the
  /// average, to the power of how busy the slot is.
  [[nodiscard]] double idle_at(double rate) const {
    const auto usual = model_.mean_rate();
    return model_.idle <= 0 || usual <= 0 ? 0
                                          : std::pow(model_.idle, rate / usual);
  }

  const table_model& model_;
  double interval_ms_ = 0;
};

} // namespace

std::vector<forecast_slot> forecast(const table_model& model,
                                    const schedule& when, wall_time now,
                                    std::chrono::seconds horizon,
                                    std::chrono::seconds slot) {
  std::vector<forecast_slot> slots;
  if (!model.differential && !model.full)
    return slots;
  slot = std::max(slot, std::chrono::seconds{1});
  const week_clock clock{model.time_zone, now, now + horizon + slot};
  const slot_forecaster one{
    model, milliseconds{mean_interval(when, model, now)}.count()};
  for (auto from = now; from < now + horizon && slots.size() < most_slots;
       from += slot) {
    forecast_slot next{from, std::min(from + slot, now + horizon), {}, {}, {}};
    const auto usual = changes_between(model, clock, from, next.until);
    const auto rate
      = 1000 * usual / milliseconds{next.until - next.from}.count();
    next.changes = changes_band(ratio_for(model, slot, rate), usual);
    one.fill(next, rate);
    slots.push_back(next);
  }
  return slots;
}

} // namespace pgtrickle
