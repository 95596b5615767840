#include "services/planning/growth.hpp"

#include "services/planning/spread.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace pgtrickle {

namespace {

constexpr std::size_t fewest = 12;
constexpr std::size_t most_points = 64;

/// What grows does so by more than so many deviations, and by a tenth.
constexpr double least_deviations = 3;
constexpr double least_growth = 0.1;

struct point {
  double x = 0;
  double y = 0;
};

std::vector<point> points_of(std::span<const double> values) {
  const auto count = std::min(values.size(), most_points);
  std::vector<point> points;
  for (std::size_t i = 0; i < count; ++i) {
    const auto at = i * (values.size() - 1) / (count - 1);
    points.push_back({static_cast<double>(at), values[at]});
  }
  return points;
}

double slope(const std::vector<point>& points) {
  std::vector<double> slopes;
  for (std::size_t i = 0; i < points.size(); ++i)
    for (std::size_t j = i + 1; j < points.size(); ++j)
      slopes.push_back((points[j].y - points[i].y)
                       / (points[j].x - points[i].x));
  return median(slopes);
}

} // namespace

growth growth_of(std::span<const double> values) {
  if (values.size() < fewest)
    return {};
  const auto points = points_of(values);
  growth found{slope(points), 0};
  std::vector<double> rest;
  for (const auto& [x, y] : points)
    rest.push_back(y - found.each * x);
  const auto base = median(rest);
  const auto length = static_cast<double>(values.size() - 1);
  if (std::abs(found.each) * length
      < std::max(least_growth, least_deviations * scaled_mad(rest, base)))
    return {};
  found.last = base + found.each * length;
  return found;
}

} // namespace pgtrickle
