#include "services/observation/situation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle::observation {

namespace {

// A session is silent while it waits for its client. One that can't be seen,
// because track_activities is off, is taken for lively.
constexpr auto sessions
  = "SELECT l.database, l.granted,"
    " CASE WHEN a.usesysid = m.oid THEN a.application_name END,"
    " coalesce(extract(epoch FROM clock_timestamp() - a.backend_start) * 1000,"
    "  0)::bigint,"
    " CASE WHEN a.state = 'active' AND a.wait_event IS DISTINCT FROM"
    "  'ClientWrite' THEN 0 ELSE greatest(coalesce("
    "  extract(epoch FROM clock_timestamp() - a.state_change) * 1000, 0), 0)"
    "  END::bigint"
    " FROM pg_roles m, pg_stat_activity a LEFT JOIN pg_locks l"
    "  ON l.pid = a.pid AND l.locktype = 'advisory' AND l.objsubid = 1"
    "  AND (l.classid::bigint << 32) | l.objid::bigint = {}"
    " WHERE m.rolname = current_user AND (l.pid IS NOT NULL"
    "  OR a.usesysid = m.oid AND a.application_name LIKE 'pgtrickle node@%')";

constexpr auto drained
  = "SELECT EXISTS (SELECT FROM pg_db_role_setting s,"
    "  unnest(s.setconfig) AS c (entry), string_to_array("
    "   substr(entry, strpos(entry, '=') + 1), ',') AS n (names)"
    " WHERE s.setdatabase = 0 AND s.setrole = 0"
    "  AND entry LIKE 'pg\\_trickle.drained\\_nodes=%'"
    "  AND $1 IN (SELECT trim(name) FROM unnest(names) AS name))";

void add_tenure(cluster_situation& seen, const pqxx::row& row,
                const std::optional<node_presence>& holder) {
  auto& tenure = seen.tenures[row[0].as<oid>()];
  if (row[1].as<bool>()) {
    // Whoever else holds the lock holds no database.
    tenure.owner = holder ? holder->node : std::string{};
    tenure.owner_silent_for = std::chrono::milliseconds{row[4].as<long>()};
  } else if (holder) {
    tenure.waiting.insert(holder->node);
  }
}

} // namespace

result<cluster_situation> situation_of_cluster(postgres::session& db) {
  return db.exec(fmt::format(sessions, owner_lock))
    .map([](const pqxx::result& rows) {
      cluster_situation seen;
      for (const auto& row : rows) {
        auto shown = parse_presence(row[2].as<std::string>(""));
        if (!row[0].is_null()) {
          add_tenure(seen, row, shown);
        } else if (shown) {
          shown->present_for = std::chrono::milliseconds{row[3].as<long>()};
          shown->silent_for = std::chrono::milliseconds{row[4].as<long>()};
          seen.nodes.push_back(std::move(*shown));
        }
      }
      return seen;
    });
}

result<bool> is_drained(postgres::session& db, const std::string& node) {
  return db.run<bool>(postgres::isolation::read_committed,
                      [&](pqxx::dbtransaction& tx) {
                        return tx.exec_params1(drained, node)[0].as<bool>();
                      });
}

} // namespace pgtrickle::observation
