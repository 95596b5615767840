#pragma once
// A distribution, kept as a few values that each stand for a share of it.

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace pgtrickle {

/// An observed value and how much it counts.
struct weighed {
  double value = 0;
  double weight = 1;
};

/// What shares of a distribution the values of a spread stand for: few in the
/// middle, more towards the ends, and most towards the upper one, where targets
/// are missed.
constexpr std::array<double, 12> shares{0.01, 0.04, 0.1,  0.15, 0.2,   0.2,
                                        0.15, 0.1,  0.03, 0.01, 0.005, 0.005};

/// A distribution of numbers that are not negative.
struct spread {
  /// Each the median of its share, in ascending order.
  std::array<double, shares.size()> values{};

  bool operator==(const spread&) const = default;

  [[nodiscard]] double mean() const;

  /// The value below which the share `p` lies, between the values by line.
  [[nodiscard]] double quantile(double p) const;

  /// The share that is larger than `limit`, between the values by line.
  [[nodiscard]] double above(double limit) const;
};

/// A spread that has but one value.
[[nodiscard]] spread certain(double value);

/// The spread of `values`, or of nothing but 0 if there are none.
[[nodiscard]] spread spread_of(std::vector<weighed> values);

/// The value below which the share `p` of the weight lies. Rearranges `values`,
/// which may not be empty.
[[nodiscard]] double weighted_quantile(std::span<weighed> values, double p);

/// The median of `values`, 0 if there are none. Rearranges them.
[[nodiscard]] double median(std::span<double> values);

/// Median absolute deviation from `center`, scaled by 1.4826, so that it is the
/// standard deviation of what is normally distributed.
[[nodiscard]] double scaled_mad(std::span<const double> values, double center);

} // namespace pgtrickle
