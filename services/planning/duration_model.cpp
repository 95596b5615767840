// Theil–Sen: the slope is the median of the slopes of all pairs, the rest the
// median of what the slope leaves. A pair counts by the distance of its changes
// over what its refreshes took: the noise of a duration grows with it.

#include "services/planning/duration_model.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace pgtrickle {

namespace {

constexpr std::size_t most_points = 64;
constexpr std::size_t largest = 16;

/// So many of the newest say where the cost stands now.
constexpr std::size_t newest = 32;

/// Durations within this factor are alike, and so many of them are enough.
constexpr double alike = 2;
constexpr std::size_t fewest_alike = 5;

/// The newest are taken to cost otherwise if their median is so many of its
/// standard errors off, and that error is this by the deviation of one over the
/// root of their number.
constexpr double least_errors = 3;
constexpr double error_of_median = 1.2533;

/// A spread is made of so many at least, if there are.
constexpr std::size_t fewest_long = 40;

/// What is taken for granted weighs less than what was measured.
constexpr double weight_of_nothing = 0.05;

/// A refresh takes this long at least.
constexpr double shortest_ms = 0.1;

/// Points at even distances, and those of the largest changes, which say most
/// of the slope.
std::vector<measured_duration>
points_of(std::span<const measured_duration> measured) {
  std::vector<measured_duration> points{measured.begin(), measured.end()};
  if (points.size() > most_points) {
    const auto rest = most_points - largest;
    std::ranges::nth_element(
      points, points.begin() + static_cast<std::ptrdiff_t>(largest),
      std::greater{}, &measured_duration::changes);
    points.resize(largest);
    for (std::size_t i = 0; i < rest; ++i)
      points.push_back(measured[i * (measured.size() - 1) / (rest - 1)]);
  }
  for (auto& point : points)
    point.ms = std::max(point.ms, shortest_ms);
  return points;
}

/// As long as all changes are alike, nothing to do is taken to take no time in
/// a differential refresh, and a full one to take what it takes.
double slope(const std::vector<measured_duration>& points, bool full) {
  std::vector<weighed> slopes;
  slopes.reserve(points.size() * (points.size() + 1) / 2);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto& a = points[i];
    if (a.changes > 0)
      slopes.push_back(
        {full ? 0 : a.ms / a.changes, weight_of_nothing * a.changes / a.ms});
    for (std::size_t j = i + 1; j < points.size(); ++j)
      if (const auto distance = a.changes - points[j].changes; distance != 0)
        slopes.push_back({(a.ms - points[j].ms) / distance,
                          std::abs(distance) / (a.ms + points[j].ms)});
  }
  if (slopes.empty())
    return 0;
  return std::max(weighted_quantile(slopes, 0.5), 0.0);
}

double fixed_part(const std::vector<measured_duration>& points, double slope) {
  std::vector<weighed> rest;
  for (const auto& point : points)
    rest.push_back({point.ms - slope * point.changes, 1 / point.ms});
  return std::max(weighted_quantile(rest, 0.5), shortest_ms);
}

/// What refreshes took by what the line says, those for which it says from
/// `least` to `most` ms.
std::vector<double> ratios_of(const duration_model& model,
                              std::span<const measured_duration> measured,
                              double least, double most) {
  std::vector<double> ratios;
  for (const auto& one : measured)
    if (const auto line = model.line_ms(one.changes);
        line >= least && line <= most)
      ratios.push_back(std::max(one.ms, shortest_ms) / line);
  return ratios;
}

/// What the newest took by what all alike did, those included, for so the
/// spread has them; 1 if chance may have made the difference.
double level_of(const duration_model& model,
                std::span<const measured_duration> measured) {
  const auto last = measured.last(std::min(measured.size(), newest));
  std::vector<double> lines;
  for (const auto& one : last)
    lines.push_back(model.line_ms(one.changes));
  const auto usual = median(lines);
  auto latest = ratios_of(model, last, usual / alike, usual * alike);
  auto all = ratios_of(model, measured, usual / alike, usual * alike);
  if (latest.size() < fewest_alike)
    return 1;
  const auto now = median(latest);
  const auto on_the_whole = median(all);
  const auto error = error_of_median * scaled_mad(latest, now)
                     / std::sqrt(static_cast<double>(latest.size()));
  return std::abs(now - on_the_whole) > least_errors * error
           ? now / on_the_whole
           : 1;
}

/// The duration from which on refreshes count as long: half of the time goes
/// into those, but enough of them that they have a spread.
double long_from(std::vector<weighed> lines) {
  for (auto& line : lines)
    line.weight = line.value;
  const auto by_time = weighted_quantile(lines, 0.5);
  const auto enough = std::min(fewest_long, lines.size());
  const auto at = lines.end() - static_cast<std::ptrdiff_t>(enough);
  std::ranges::nth_element(lines, at, {}, &weighed::value);
  return std::min(by_time, at->value);
}

/// The spreads of what was measured by what the line says.
void learn_ratios(duration_model& model,
                  std::span<const measured_duration> measured) {
  std::vector<weighed> lines;
  lines.reserve(measured.size());
  for (const auto& one : measured)
    lines.push_back({model.line_ms(one.changes)});
  model.long_ms = long_from(lines);
  std::vector<weighed> long_ones;
  std::vector<weighed> short_ones;
  for (const auto& one : measured) {
    const auto line = model.line_ms(one.changes);
    (line < model.long_ms ? short_ones : long_ones)
      .push_back({std::max(one.ms, shortest_ms) / line});
  }
  model.long_ratio = spread_of(std::move(long_ones));
  model.short_ratio
    = short_ones.empty() ? model.long_ratio : spread_of(std::move(short_ones));
}

} // namespace

duration_model learn_durations(std::span<const measured_duration> measured,
                               bool full) {
  const auto points = points_of(measured);
  duration_model model;
  model.samples = measured.size();
  model.ms_per_change = slope(points, full);
  model.fixed_ms = fixed_part(points, model.ms_per_change);
  for (const auto& one : measured)
    model.most_changes = std::max(model.most_changes, one.changes);
  learn_ratios(model, measured);
  const auto level = level_of(model, measured);
  model.fixed_ms *= level;
  model.ms_per_change *= level;
  model.long_ms *= level;
  return model;
}

} // namespace pgtrickle
