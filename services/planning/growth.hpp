#pragma once

#include <span>

namespace pgtrickle {

/// What evenly spaced values do between their first and their last.
struct growth {
  /// From one value to the next.
  double each = 0;
  /// What the line through them says of the last.
  double last = 0;
};

/// The line by Theil and Sen through `values`, level and without effect unless
/// they clearly rise or fall: by more than they vary around it.
[[nodiscard]] growth growth_of(std::span<const double> values);

} // namespace pgtrickle
