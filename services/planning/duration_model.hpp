#pragma once
// How long refreshes of one mode take, by the change that they consume.

#include "services/planning/spread.hpp"

#include <cstddef>
#include <span>

namespace pgtrickle {

struct measured_duration {
  double changes = 0;
  double ms = 0;
};

/// A refresh of n changes takes (fixed_ms + n · ms_per_change) · ratio. Long
/// ones vary by another ratio than short ones.
struct duration_model {
  double fixed_ms = 0;
  double ms_per_change = 0;
  /// What a refresh took by what the line says: those that the line says take
  /// less than `long_ms`, and the others.
  spread short_ratio = certain(1);
  spread long_ratio = certain(1);
  double long_ms = 0;
  std::size_t samples = 0;
  /// The largest change that this was learnt from.
  double most_changes = 0;

  bool operator==(const duration_model&) const = default;

  /// What the line says of a refresh of so many changes.
  [[nodiscard]] double line_ms(double changes) const {
    return fixed_ms + ms_per_change * changes;
  }

  [[nodiscard]] const spread& ratio(double changes) const {
    return line_ms(changes) < long_ms ? short_ratio : long_ratio;
  }

  /// What is expected of it.
  [[nodiscard]] double expected_ms(double changes) const {
    return line_ms(changes) * ratio(changes).mean();
  }
};

/// The line by Theil and Sen through at most 64 of `measured` (oldest first,
/// not empty), with the level of the newest and the spread of all. `full`
/// refreshes are taken to cost the same whatever changed, until that is seen to
/// be wrong; differential ones to cost by the change.
[[nodiscard]] duration_model
learn_durations(std::span<const measured_duration> measured, bool full);

} // namespace pgtrickle
