// A change is sought where the cumulative sum of the ranks is farthest from
// what it would be without one (Pettitt), and believed if the medians of both
// sides differ by much more than the values of each side do. Both sides are
// then searched in turn.

#include "services/planning/regime.hpp"

#include "services/planning/spread.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace pgtrickle {

namespace {

/// The medians must lie so many deviations apart, and by such a factor.
constexpr double least_deviations = 2.5;
constexpr double least_shift = 0.22;

/// A level counts as the same if it is nearer than this share of the step.
constexpr double same_level = 0.4;

struct segment {
  std::size_t begin = 0;
  double level = 0;
};

double median_of(std::span<const double> values) {
  std::vector<double> copy{values.begin(), values.end()};
  return median(copy);
}

std::vector<double> ranks_of(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](auto i) { return values[i]; });
  std::vector<double> ranks(values.size());
  for (std::size_t i = 0, last = 0; i < order.size(); i = last) {
    while (last < order.size() && values[order[last]] == values[order[i]])
      ++last;
    for (auto k = i; k < last; ++k)
      ranks[order[k]] = static_cast<double>(i + last - 1) / 2;
  }
  return ranks;
}

/// Where the sum of the ranks is farthest from a straight line.
std::size_t likeliest_change(std::span<const double> values,
                             std::size_t shortest) {
  const auto ranks = ranks_of(values);
  const auto middle = static_cast<double>(values.size() - 1) / 2;
  double sum = 0;
  double farthest = -1;
  std::size_t found = shortest;
  for (std::size_t i = 0; i + shortest < values.size(); ++i) {
    sum += ranks[i] - middle;
    if (i + 1 >= shortest && std::abs(sum) > farthest) {
      farthest = std::abs(sum);
      found = i + 1;
    }
  }
  return found;
}

/// Adds the regimes of `values`, of which the first lies at `offset`.
void add_segments(std::span<const double> values, std::size_t offset,
                  std::size_t shortest, std::vector<segment>& found) {
  const auto level = median_of(values);
  if (values.size() >= 2 * shortest) {
    const auto at = likeliest_change(values, shortest);
    const auto before = values.first(at);
    const auto after = values.subspan(at);
    const auto left = median_of(before);
    const auto right = median_of(after);
    const auto noise
      = (scaled_mad(before, left) + scaled_mad(after, right)) / 2;
    if (std::abs(right - left)
        > std::max(least_shift, least_deviations * noise)) {
      add_segments(before, offset, shortest, found);
      add_segments(after, offset + at, shortest, found);
      return;
    }
  }
  found.push_back({offset, level});
}

} // namespace

std::size_t present_regime(std::span<const double> values,
                           std::size_t shortest) {
  std::vector<segment> segments;
  if (!values.empty())
    add_segments(values, 0, std::max<std::size_t>(shortest, 1), segments);
  if (segments.size() < 2)
    return 0;
  const auto& present = segments.back();
  const auto step = std::abs(present.level - (segments.end() - 2)->level);
  const auto was_before = [&](const segment& one) {
    return std::abs(one.level - present.level) < same_level * step;
  };
  return std::any_of(segments.begin(), segments.end() - 2, was_before)
           ? 0
           : present.begin;
}

} // namespace pgtrickle
