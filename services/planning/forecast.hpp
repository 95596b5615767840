#pragma once
// What is to be expected of a stream table, slot by slot.

#include "services/planning/table_model.hpp"

#include <chrono>
#include <vector>

namespace pgtrickle {

/// What is expected, and the bands in which one half and 95 % of what comes
/// will lie.
struct band {
  double expected = 0;
  double low_50 = 0;
  double high_50 = 0;
  double low_95 = 0;
  double high_95 = 0;
};

struct forecast_slot {
  wall_time from;
  wall_time until;
  /// Changed rows of the sources in the slot.
  band changes;
  /// Duration of one refresh of the slot.
  band refresh_ms;
  /// Age of the data when one refresh of the slot lands.
  band lag_ms;
};

/// The slots from `now` until `horizon` has passed. Nothing if there were no
/// refreshes to learn from.
[[nodiscard]] std::vector<forecast_slot>
forecast(const table_model& model, const schedule& when, wall_time now,
         std::chrono::seconds horizon, std::chrono::seconds slot);

} // namespace pgtrickle
