#pragma once
// When pausing refreshes costs least.

#include "services/planning/table_model.hpp"

#include <chrono>
#include <vector>

namespace pgtrickle {

struct maintenance_window {
  wall_time from;
  wall_time until;
  /// Changed rows that pile up meanwhile.
  double changes = 0;
  /// Age of the data when all stream tables have caught up, at worst.
  double lag_ms = 0;
  /// Busy time until all stream tables have caught up.
  double catch_up_ms = 0;
};

/// The windows of `duration` between `now` and `horizon` later that don't
/// overlap, the one that costs least first: least to catch up, then fewest
/// changes, then soonest.
[[nodiscard]] std::vector<maintenance_window>
maintenance_windows(const std::vector<table_model>& models,
                    std::chrono::seconds duration, wall_time now,
                    std::chrono::seconds horizon);

} // namespace pgtrickle
