#pragma once
// Which nodes there are, and who owns what: PostgreSQL knows both.

#include "services/coordination/placement.hpp"
#include "services/postgres/session.hpp"

namespace pgtrickle::observation {

/// The advisory lock that the owner of a database holds in it, as an SQL
/// expression.
constexpr auto owner_lock = "hashtextextended('pgtrickle owner', 0)";

/// The nodes and owners of the whole PostgreSQL cluster. Only sessions of the
/// present role count: any role may call itself anything.
[[nodiscard]] result<cluster_situation>
situation_of_cluster(postgres::session& db);

/// Whether pg_trickle.drained_nodes names the node (ALTER ROLE ALL SET).
[[nodiscard]] result<bool> is_drained(postgres::session& db,
                                      const std::string& node);

} // namespace pgtrickle::observation
