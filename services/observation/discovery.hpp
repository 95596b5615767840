#pragma once
// Which databases there are, and which of them have the extension.

#include "services/coordination/database_census.hpp"
#include "services/postgres/session.hpp"

#include <vector>

namespace pgtrickle::observation {

/// PostgreSQL's system identifier.
[[nodiscard]] result<std::string> cluster_identity(postgres::session& db);

/// Every database that can be connected to, from the shared catalogs.
[[nodiscard]] result<std::vector<database_row>>
databases_of_cluster(postgres::session& db);

/// What is set for the whole cluster.
struct cluster_settings {
  /// pg_trickle.max_dynamic_refresh_workers
  std::uint32_t workers = 4;
  /// pg_trickle.metrics_request_timeout_ms
  int metrics_request_timeout_ms = 5000;
};

/// As a new session of the database of `db` has it.
[[nodiscard]] result<cluster_settings>
settings_of_cluster(postgres::session& db);

/// Whether the database of `db` has the extension.
[[nodiscard]] result<bool> has_extension(postgres::session& db);

} // namespace pgtrickle::observation
