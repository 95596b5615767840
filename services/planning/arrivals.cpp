#include "services/planning/arrivals.hpp"

#include "services/planning/growth.hpp"
#include "services/planning/regime.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

namespace pgtrickle {

namespace {

using hours_point = std::chrono::sys_time<std::chrono::hours>;
using std::chrono::hours;

/// Older hours are not looked at.
constexpr auto longest_look = hours{24 * 56};

/// A regime lasts so many hours at least.
constexpr std::size_t shortest_regime = 12;

/// A quiet hour counts as if it had so large a share of the mean more, or its
/// logarithm would say too much; less of it where it would hide what grows.
constexpr double softening_of_regimes = 0.05;
constexpr double softening_of_growth = 0.001;

/// Older hours say nothing of single refreshes.
constexpr std::size_t most_window_hours = 24 * 14;

/// Fewer refreshes in an hour say nothing of how they differ within one.
constexpr std::size_t fewest_alike = 5;

constexpr double ms_per_hour = 3.6e6;

hour_of_changes* hour_of(std::vector<hour_of_changes>& list, hours_point when) {
  if (list.empty() || when < list.front().hour || when > list.back().hour)
    return nullptr;
  return &list[static_cast<std::size_t>((when - list.front().hour).count())];
}

/// The hours that are over, without gaps. The first one is left out where it
/// can be spared: it may have begun before the history did.
std::vector<hour_of_changes> hours_over(const table_history& history,
                                        wall_time now) {
  const auto end = std::chrono::floor<hours>(now);
  const auto* first = history.hours.data();
  const auto* last = first + history.hours.size();
  while (first != last && (first->hour < end - longest_look))
    ++first;
  if (first == last || first->hour >= end)
    return {};
  std::vector<hour_of_changes> list;
  for (auto at = first->hour; at < end; at += hours{1})
    list.push_back({at});
  for (; first != last; ++first)
    if (auto* slot = hour_of(list, first->hour))
      *slot = *first;
  if (list.size() > 3)
    list.erase(list.begin());
  return list;
}

wall_time middle_of(const hour_of_changes& one) {
  return one.hour + std::chrono::minutes{30};
}

/// Logarithms of what the hours had by what the season says, both with
/// `softening` of the mean more.
std::vector<double> levels_of(const std::vector<hour_of_changes>& hours,
                              const season& by_hour, const week_clock& clock,
                              double softening) {
  double sum = 0;
  for (const auto& one : hours)
    sum += one.changes;
  const auto soft
    = std::max(softening * sum / static_cast<double>(hours.size()), 1e-9);
  std::vector<double> levels;
  levels.reserve(hours.size());
  for (const auto& one : hours)
    levels.push_back(
      std::log(one.changes + soft)
      - std::log(3600 * by_hour.per_second[clock.hour_at(one.hour)] + soft));
  return levels;
}

/// Without a whole hour: what the refreshes themselves say.
season flat_season(const punctuality& consumed) {
  double changes = 0;
  double ms = 0;
  for (const auto& window : consumed.windows) {
    changes += window.changes;
    ms += window.ms;
  }
  season result;
  result.per_second.fill(ms > 0 ? 1000 * changes / ms : 0);
  return result;
}

/// What an hour's ratio to the mean of `alike` hours is to that of the others:
/// a mean resembles what it was made of more than what will come.
double ratio_to_others(double ratio, double alike) {
  return alike < 2 ? ratio
                   : ratio * (alike - 1) / std::max(alike - ratio, 0.1 * alike);
}

/// Collects what refreshes consumed, by the second and by the season.
class window_collector {
public:
  window_collector(const season& by_hour, const week_clock& clock)
    : by_hour_(by_hour), clock_(clock), ratios_(by_hour) {}

  void add(wall_time when, double changes, double ms, double count) {
    if (ms <= 0 || count <= 0)
      return;
    const auto rate = 1000 * changes / ms / by_hour_.grown(when);
    rates_.push_back({rate, count});
    const auto usual = by_hour_.per_second[clock_.hour_at(when)];
    if (usual <= 0)
      return;
    ratios_.add(usual, {rate / usual, count});
    const auto expected = usual * ms / 1000;
    const auto error = rate * ms / 1000 - expected;
    errors_ += count * error * error;
    expected_ += count * expected;
  }

  void store(arrival_model& model) {
    if (!rates_.empty())
      model.rates = spread_of(std::move(rates_));
    model.window_ratio = ratios_.take();
    if (expected_ > 0)
      model.dispersion = errors_ / expected_;
  }

private:
  const season& by_hour_;
  const week_clock& clock_;
  std::vector<weighed> rates_;
  rate_ratio_collector ratios_;
  double errors_ = 0;
  double expected_ = 0;
};

/// What refreshes consume by the mean of their hour, where that is known.
spread within_hours(const punctuality& consumed) {
  std::vector<weighed> ratios;
  const auto& all = consumed.windows;
  for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    const auto hour = std::chrono::floor<hours>(all[begin].from);
    double sum = 0;
    for (; end < all.size() && std::chrono::floor<hours>(all[end].from) == hour;
         ++end)
      sum += all[end].changes;
    const auto mean = sum / static_cast<double>(end - begin);
    for (auto i = begin; mean > 0 && end - begin >= fewest_alike && i < end;
         ++i)
      ratios.push_back({all[i].changes / mean});
  }
  return ratios.empty() ? certain(1) : spread_of(std::move(ratios));
}

/// Of an hour whose refreshes are not known one by one: they spread as those do
/// that are, but for the one that consumed most.
void add_hour(window_collector& windows, const hour_of_changes& one,
              const spread& within, double gap_ms) {
  const auto ms = std::min(gap_ms, ms_per_hour / std::max(one.refreshes, 1.0));
  const auto mean = one.changes / std::max(one.refreshes, 1.0);
  const auto most = std::max(one.most_changes, mean);
  windows.add(one.hour, most, ms, std::min(one.refreshes, 1.0));
  const auto others = one.refreshes - 1;
  if (others <= 0)
    return;
  constexpr std::array points{0.125, 0.375, 0.625, 0.875};
  double sum = 0;
  for (auto p : points)
    sum += within.quantile(p);
  for (auto p : points) {
    const auto share = sum > 0 ? within.quantile(p) / sum * points.size() : 1;
    windows.add(one.hour, share * std::max(one.changes - most, 0.0) / others,
                ms, others / points.size());
  }
}

void learn_windows(arrival_model& model,
                   const std::vector<hour_of_changes>& hours,
                   const punctuality& consumed, const week_clock& clock) {
  window_collector windows{model.by_hour, clock};
  const auto known_from = consumed.windows.empty()
                            ? wall_time::max()
                            : consumed.windows.front().from;
  const auto within = within_hours(consumed);
  const auto first
    = hours.size() > most_window_hours ? hours.size() - most_window_hours : 0;
  for (auto i = first; i < hours.size(); ++i)
    if (hours[i].hour + std::chrono::hours{1} <= known_from)
      add_hour(windows, hours[i], within, consumed.gap_ms);
  for (const auto& one : consumed.windows)
    if (one.from >= model.regime_began)
      windows.add(one.from, one.changes, one.ms, 1);
  windows.store(model);
}

void learn_hours(arrival_model& model,
                 const std::vector<hour_of_changes>& hours, double gap_ms,
                 const week_clock& clock) {
  rate_ratio_collector ratios{model.by_hour};
  const auto alike = static_cast<double>(hours.size())
                     / static_cast<double>(period_of(model.by_hour.kind));
  double busy = 0;
  for (const auto& one : hours) {
    const auto usual = model.by_hour.per_second[clock.hour_at(one.hour)];
    if (usual > 0)
      ratios.add(
        usual,
        {ratio_to_others(
          one.changes / (3600 * usual * model.by_hour.grown(middle_of(one))),
          alike)});
    busy += std::min(one.refreshes * gap_ms / ms_per_hour, 1.0);
  }
  model.hour_ratio = ratios.take();
  model.active = busy / static_cast<double>(hours.size());
}

/// Puts the season where what grows stands at the end of `hours`.
void learn_growth(season& by_hour, const std::vector<hour_of_changes>& hours,
                  const week_clock& clock) {
  const auto found
    = growth_of(levels_of(hours, by_hour, clock, softening_of_growth));
  by_hour.growth = found.each;
  by_hour.grown_at = middle_of(hours.back());
  by_hour.believed_hours = static_cast<double>(hours.size()) / 2;
  for (auto& rate : by_hour.per_second)
    rate *= std::exp(found.last);
}

} // namespace

arrival_model learn_arrivals(const table_history& history,
                             const punctuality& consumed,
                             const std::string& time_zone, wall_time now) {
  arrival_model model;
  auto hours = hours_over(history, now);
  model.from = hours.empty() ? now : wall_time{hours.front().hour};
  const week_clock clock{time_zone, model.from, now};
  if (hours.empty()) {
    model.by_hour = flat_season(consumed);
  } else {
    model.by_hour = learn_season(hours, clock);
    const auto began = present_regime(
      levels_of(hours, model.by_hour, clock, softening_of_regimes),
      shortest_regime);
    if (began > 0) {
      hours.erase(hours.begin(),
                  hours.begin() + static_cast<std::ptrdiff_t>(began));
      model.regime_began = hours.front().hour;
      model.by_hour = learn_season(hours, clock);
    }
    learn_growth(model.by_hour, hours, clock);
    learn_hours(model, hours, consumed.gap_ms, clock);
  }
  learn_windows(model, hours, consumed, clock);
  if (hours.empty())
    model.hour_ratio = model.window_ratio;
  return model;
}

} // namespace pgtrickle
