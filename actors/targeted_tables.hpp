#pragma once

#include "services/engine/stream_table.hpp"
#include "services/metrics/metrics.hpp"

namespace pgtrickle {

/// Those of a listing that have a target lag.
inline std::vector<metrics::targeted_table>
targeted_tables(const stream_table_listing& listing) {
  std::vector<metrics::targeted_table> targeted;
  for (const auto& table : listing.tables)
    if (table.target_lag)
      targeted.push_back({table.id, table.name, *table.target_lag});
  return targeted;
}

} // namespace pgtrickle
