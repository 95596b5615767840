#pragma once
// What /api/v1/status answers, from what was read.

#include "services/scheduling/scheduled_table.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace pgtrickle::dashboard {

/// What a database answered, or why it did not.
struct database_reading {
  nlohmann::json told;
  std::string problem = {};
};

struct findings {
  std::string node;
  std::string version;
  wall_time read_at;
  /// What cluster_nodes, cluster_worker_summary and metrics_summary answer.
  nlohmann::json nodes;
  nlohmann::json workers;
  nlohmann::json metrics;
  /// By name; those that this node owns.
  std::map<std::string, database_reading> databases;
};

[[nodiscard]] nlohmann::json status_of(const findings& found);

/// What a viewer of `old` has to exchange to see `current`: all but the lists
/// as they are, of stream tables those that changed and the names of those that
/// are gone, and the alerts and snapshots if they changed.
[[nodiscard]] nlohmann::json changes_between(const nlohmann::json& old,
                                             const nlohmann::json& current);

/// The databases that `node` owns, as the cluster's summary has them.
[[nodiscard]] std::vector<std::string>
databases_of(const std::string& node, const nlohmann::json& workers);

} // namespace pgtrickle::dashboard
