#pragma once
// How the sources change.

#include "services/planning/punctuality.hpp"
#include "services/planning/rate_ratio.hpp"
#include "services/planning/season.hpp"
#include "services/planning/spread.hpp"
#include "services/planning/table_history.hpp"

#include <string>
#include <vector>

namespace pgtrickle {

struct arrival_model {
  season by_hour;
  spread rates = certain(0);
  rate_ratio hour_ratio;
  rate_ratio window_ratio;
  double dispersion = 1;
  double active = 1;
  /// What was before is not contained.
  wall_time regime_began;
  /// Of the hours that were looked at.
  wall_time from;
};

/// Learns from the hours of `history` that are over, and from the windows of
/// its refreshes.
[[nodiscard]] arrival_model learn_arrivals(const table_history& history,
                                           const punctuality& consumed,
                                           const std::string& time_zone,
                                           wall_time now);

} // namespace pgtrickle
