#include "services/engine/loaded_order.hpp"

#include "services/engine/refresh_history.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pgtrickle::engine {

namespace {

using items = std::vector<work_item>;

work_item item_of(catalog::stored_stream_table table,
                  const std::string& system_identifier) {
  work_item item;
  item.table = std::move(table);
  if (item.table.consumed
      && item.table.system_identifier != system_identifier) {
    item.table.needs_reinit = true;
    item.table.reinit_reason
      = "its frontier belongs to another PostgreSQL cluster";
  }
  item.outcome.id = item.table.id;
  item.outcome.name = item.table.name;
  item.outcome.status = item.table.status;
  return item;
}

items load_all(pqxx::transaction_base& tx, const refresh_order& order,
               std::string& system_identifier) {
  if (system_identifier.empty())
    system_identifier
      = tx.exec1("SELECT system_identifier FROM pg_control_system()")[0]
          .as<std::string>();
  auto tables = catalog::load(tx, order.tables);
  const auto sources = order.tables.size() > 1
                         ? catalog::sources_of(tx, order.tables)
                         : catalog::sources_by_table{};
  items loaded;
  for (auto id : order.tables) {
    const auto found = tables.find(id);
    if (found == tables.end())
      continue;
    loaded.push_back(item_of(std::move(found->second), system_identifier));
    if (const auto read = sources.find(id); read != sources.end())
      loaded.back().sources = read->second;
  }
  return loaded;
}

/// Whether its sources have changed is asked where that decides whether the
/// table is refreshed, and $3 are its sources: those of the program in version
/// $2. Where nothing has changed, the condition on `changed` keeps the owner's
/// row from being locked: a look alone writes nothing. The history row is the
/// one of `open_history`.
const std::string look = fmt::format(
  "WITH looked AS MATERIALIZED (SELECT x.*, CASE WHEN "
  "definition_version = $2 AND is_populated AND NOT needs_reinit "
  "AND NOT needs_recompile AND NOT time_dependent "
  "AND refresh_mode <> 'IMMEDIATE' "
  "AND frontier ->> 'system_identifier' = $4 THEN EXISTS ("
  "SELECT FROM pgtrickle._changes_beyond($3::oid[], "
  "(frontier ->> 'snapshot')::pg_snapshot, "
  "(frontier ->> 'own_xid')::xid8)) END AS changed "
  "FROM (SELECT {} WHERE t.pgt_id = $1) x), "
  "opened AS (INSERT INTO pgtrickle.pgt_refresh_history "
  "(pgt_id, start_time, status, initiated_by) "
  "SELECT l.pgt_id, clock_timestamp(), 'RUNNING', $5 FROM looked l, "
  "LATERAL (SELECT set_config('synchronous_commit', 'off', true) "
  "FROM pgtrickle.pgt_owner WHERE epoch = $6 AND l.changed FOR SHARE) o "
  "RETURNING refresh_id) "
  "SELECT l.*, o.refresh_id FROM looked l LEFT JOIN opened o ON true",
  catalog::stream_table_columns);

items look_at(pqxx::transaction_base& tx, const refresh_order& order,
              std::int64_t version, const std::set<oid>& sources,
              const std::string& system_identifier, ownership fence) {
  tx.conn().prepare("pgt_look", look);
  items loaded;
  for (const auto& row : tx.exec_prepared(
         "pgt_look", static_cast<std::int64_t>(order.tables.front()), version,
         fmt::format("{{{}}}", fmt::join(sources, ",")), system_identifier,
         name_of(order.by), fence.epoch)) {
    auto item = item_of(catalog::stream_table_in(row), system_identifier);
    if (const auto& changed = row["changed"]; !changed.is_null())
      item.changed = changed.as<bool>();
    item.history_id = row["refresh_id"].as<std::int64_t>(0);
    loaded.push_back(std::move(item));
  }
  return loaded;
}

} // namespace

result<items> load_order(postgres::session& db, const refresh_order& order,
                         const staged_programs& programs,
                         std::string& system_identifier, ownership fence) {
  const auto version = order.tables.size() == 1
                         ? programs.version_of(order.tables.front())
                         : std::nullopt;
  return db.once<items>([&](pqxx::transaction_base& tx) {
    return version ? look_at(tx, order, *version,
                             sources_of(programs.at(order.tables.front())),
                             system_identifier, fence)
                   : load_all(tx, order, system_identifier);
  });
}

} // namespace pgtrickle::engine
