#include "services/planning/spread.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace pgtrickle {

namespace {

/// Where the median of each share lies.
constexpr auto middles = [] {
  std::array<double, shares.size()> result{};
  double below = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    result[i] = below + shares[i] / 2;
    below += shares[i];
  }
  return result;
}();

double between(double x, double x0, double x1, double y0, double y1) {
  return x1 > x0 ? y0 + (y1 - y0) * (x - x0) / (x1 - x0) : y1;
}

double weight_of(std::span<const weighed> values) {
  double total = 0;
  for (const auto& x : values)
    total += x.weight;
  return total;
}

/// Shares from `first` up to, not including, `last`.
struct share_range {
  std::size_t first = 0;
  std::size_t last = 0;
};

/// Finds the values of the shares in `range` among `values`, below which the
/// weight `below` of `total` lies. Sorts no more than that takes.
void select(std::span<weighed> values, double below, double total,
            share_range range, spread& result) {
  if (range.first == range.last)
    return;
  if (values.size() == 1) {
    for (auto i = range.first; i < range.last; ++i)
      result.values[i] = values.front().value;
    return;
  }
  const auto middle
    = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle, {}, &weighed::value);
  const std::span<weighed> lower{values.begin(), middle};
  const auto reached = below + weight_of(lower);
  auto split = range.first;
  while (split < range.last && middles[split] * total <= reached)
    ++split;
  select(lower, below, total, {range.first, split}, result);
  select({middle, values.end()}, reached, total, {split, range.last}, result);
}

} // namespace

double spread::mean() const {
  return std::inner_product(values.begin(), values.end(), shares.begin(), 0.0);
}

double spread::quantile(double p) const {
  const auto next = std::ranges::lower_bound(middles, p);
  if (next == middles.begin())
    return values.front();
  if (next == middles.end())
    return values.back();
  const auto i = static_cast<std::size_t>(next - middles.begin());
  return between(p, middles[i - 1], middles[i], values[i - 1], values[i]);
}

double spread::above(double limit) const {
  const auto next = std::ranges::upper_bound(values, limit);
  if (next == values.begin())
    return 1;
  if (next == values.end())
    return 0;
  const auto i = static_cast<std::size_t>(next - values.begin());
  return 1
         - between(limit, values[i - 1], values[i], middles[i - 1], middles[i]);
}

spread certain(double value) {
  spread result;
  result.values.fill(value);
  return result;
}

spread spread_of(std::vector<weighed> values) {
  spread result;
  if (const auto total = weight_of(values); total > 0)
    select(values, 0, total, {0, shares.size()}, result);
  return result;
}

double weighted_quantile(std::span<weighed> values, double p) {
  auto wanted = p * weight_of(values);
  while (values.size() > 1) {
    const auto middle
      = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle, {}, &weighed::value);
    const std::span<weighed> lower{values.begin(), middle};
    const auto below = weight_of(lower);
    if (wanted < below) {
      values = lower;
    } else {
      wanted -= below;
      values = {middle, values.end()};
      if (wanted <= middle->weight)
        return middle->value;
    }
  }
  return values.front().value;
}

double median(std::span<double> values) {
  if (values.empty())
    return 0;
  const auto middle
    = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1)
    return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

double scaled_mad(std::span<const double> values, double center) {
  std::vector<double> distances;
  distances.reserve(values.size());
  for (auto x : values)
    distances.push_back(std::abs(x - center));
  return 1.4826 * median(distances);
}

} // namespace pgtrickle
