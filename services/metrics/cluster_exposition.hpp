#pragma once

#include "services/coordination/fleet_board.hpp"

#include <prometheus/metric_family.h>

#include <vector>

namespace pgtrickle::metrics {

/// The metrics of all databases and nodes, by what they reported last, as they
/// are at `now`.
[[nodiscard]] std::vector<prometheus::MetricFamily>
cluster_metrics(const fleet_board::picture& seen, fleet_board::time_point now);

} // namespace pgtrickle::metrics
