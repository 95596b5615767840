#pragma once
// When refreshes came, by what their schedule asks for.

#include "services/planning/spread.hpp"
#include "services/planning/table_history.hpp"

#include <optional>
#include <vector>

namespace pgtrickle {

/// What one refresh consumed: the changes between the moments that it and the
/// one before it show.
struct consumed_window {
  wall_time from;
  double changes = 0;
  /// In which they came. Not the whole distance if nothing had changed for
  /// long.
  double ms = 0;
  /// Nothing had changed for longer than the interval.
  bool after_idleness = false;
  /// From being due to the start; absent: not known.
  std::optional<double> late_ms;
};

struct punctuality {
  std::vector<consumed_window> windows;
  /// The median of the distances, idleness aside; 0 if there are none.
  double gap_ms = 0;
};

[[nodiscard]] punctuality punctuality_of(const table_history& history,
                                         const schedule& current);

} // namespace pgtrickle
