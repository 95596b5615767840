#include "services/engine/alteration.hpp"

#include "services/catalog/stream_table_store.hpp"
#include "services/engine/column_changes.hpp"
#include "services/engine/one_off_program.hpp"
#include "services/engine/program_store.hpp"
#include "services/engine/refresh_history.hpp"
#include "services/engine/refresh_one.hpp"
#include "services/engine/stream_table_names.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle::engine {

using postgres::isolation;

namespace {

constexpr const char* beside = "pg_temp.pgt_beside";
constexpr int most_attempts = 3;

/// The table as it is to be, and its new query as analysed.
struct alteration {
  catalog::stored_stream_table table;
  prepared_query prepared;
  column_changes columns;
  refresh_program program;
  /// What was captured for the former query.
  catalog::recorded_sources former;

  [[nodiscard]] program_target target() const {
    return {table.id, table.name, prepared.query.names};
  }
};

alteration plan_alteration(pqxx::dbtransaction& tx, const caller& by,
                           const stream_table_change& change) {
  const auto id = resolve(tx, by, change.name);
  alteration planned;
  planned.table = catalog::load(tx, {id}).at(id);
  auto& table = planned.table;
  check_owner(tx, by, table.relid, table.name);
  table.original_query = *change.query;
  table.original_search_path = search_path_of(by);
  table.refresh_mode = change.refresh_mode.value_or(table.refresh_mode);
  planned.prepared
    = prepare(tx, table.original_query,
              {table.owner, table.original_search_path}, table.refresh_mode);
  check_cycle(tx, table, planned.prepared.query.tables);
  planned.columns = column_changes_for(tx, table, planned.prepared.query);
  check_dependents(tx, table, planned.columns);
  planned.program = compile(*planned.prepared.plan, planned.target());
  return planned;
}

/// Computes the new rows into a temporary table, and fills the arrangements.
void fill_beside(pqxx::dbtransaction& tx, const alteration& planned) {
  std::vector<std::string> columns;
  const auto& query = planned.prepared.query;
  for (std::size_t i = 0; i < query.names.size(); ++i)
    columns.push_back(quoted(query.names[i]) + " " + query.columns[i].type
                      + (query.columns[i].collation.empty()
                           ? ""
                           : " COLLATE " + query.columns[i].collation));
  tx.exec(fmt::format("CREATE TEMP TABLE pgt_beside ({}) ON COMMIT DROP; "
                      "GRANT ALL ON {} TO {}",
                      joined(columns), beside, quoted(planned.table.owner)));
  auto target = planned.target();
  target.name = beside;
  (void)run_once(tx, compile(*planned.prepared.plan, target), "FILL",
                 planned.table.owner);
}

/// Changes the table's rows by what the new ones differ in. From the first
/// change of columns on nobody can read the table, so that comes late.
void exchange_rows(pqxx::dbtransaction& tx, const alteration& planned,
                   refresh_outcome& outcome) {
  const auto& table = planned.table;
  const auto alter = [&](const std::vector<std::string>& actions) {
    alter_as_owner(tx, table.name, actions, table.owner);
  };
  const bool drops_first
    = !planned.columns.additions.empty()
      || tx.exec_params1("SELECT EXISTS (SELECT FROM pg_attribute WHERE "
                         "attrelid = $1 AND attnotnull AND attnum > 0)",
                         table.relid)[0]
           .as<bool>();
  if (drops_first)
    alter(planned.columns.drops);
  alter(planned.columns.additions);
  const auto& root = *planned.prepared.plan;
  auto stored = rows_of(beside, planned.prepared.query.names, root);
  // By a key that is still empty no former row would be found.
  if (std::ranges::any_of(root.key, [&](std::size_t i) {
        return planned.columns.empty_names.contains(
          planned.prepared.query.names[i]);
      }))
    stored.key.clear();
  const auto counts
    = run_once(tx, compile(stored, planned.target()), "FULL", table.owner);
  outcome.rows_inserted = counts.inserted;
  outcome.rows_deleted = counts.deleted;
  if (!drops_first)
    alter(planned.columns.drops);
}

/// Moves the frontier to the transaction's snapshot, and writes the history.
void complete(pqxx::dbtransaction& tx, const alteration& planned,
              const pqxx::row& snapshot, refresh_outcome& outcome,
              ownership fence) {
  const auto at = snapshot[1].as<std::string>();
  const auto reached = catalog::frontier_json(
    {snapshot[0].as<std::string>(), {}},
    tx.exec1("SELECT system_identifier FROM pg_control_system()")[0]
      .as<std::string>(),
    snapshot[2].as<std::string>(), at);
  outcome.action = "REINITIALIZE";
  outcome.reason = "altered";
  complete_refreshes(tx,
                     {{outcome,
                       begin_history(tx, outcome.id, initiator::manual),
                       {},
                       planned.table.ddl_serial}},
                     reached, at, fence);
}

/// From here on what the new query reads is captured as well.
result<alteration> begin(postgres::session& db, const caller& by,
                         const stream_table_change& change, ownership fence) {
  return db.run<alteration>(
    isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      auto planned = plan_alteration(tx, by, change);
      planned.former = catalog::recorded_sources_of(tx, planned.table.id);
      catalog::add_sources(tx, planned.table.id,
                           sources_of(planned.prepared, planned.program));
      catalog::check_fence(tx, fence.epoch);
      return planned;
    });
}

result<stream_table_id> exchange(
  postgres::session& db, const caller& by, const stream_table_change& change,
  ownership fence,
  const std::function<void(pqxx::dbtransaction&, stream_table_id)>& settings) {
  return db.run<stream_table_id>(
    isolation::repeatable_read, [&](pqxx::dbtransaction& tx) {
      const auto began = std::chrono::steady_clock::now();
      const auto snapshot
        = tx.exec1("SELECT pg_current_snapshot(), clock_timestamp(), "
                   "pg_current_wal_lsn(), "
                   "set_config('pg_trickle.internal_refresh', 'on', true)");
      const auto planned = plan_alteration(tx, by, change);
      const auto& table = planned.table;
      refresh_outcome outcome;
      outcome.id = table.id;
      outcome.name = table.name;
      const auto before = catalog::program_of(tx, table.id);
      install_program(tx, planned.prepared, planned.program, planned.target(),
                      table.owner);
      fill_beside(tx, planned);
      drop_other_indexes(tx, planned.target(), before, planned.program);
      exchange_rows(tx, planned, outcome);
      finish_fill(tx, planned.program, table.name);
      record_program(tx, planned.prepared, planned.target(), planned.program);
      outcome.duration = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - began);
      complete(tx, planned, snapshot, outcome, fence);
      tx.exec_params(
        "UPDATE pgtrickle.pgt_stream_tables SET original_query = $2, "
        "original_search_path = $3, refresh_mode = $4 WHERE pgt_id = $1",
        static_cast<std::int64_t>(table.id), table.original_query,
        table.original_search_path, table.refresh_mode);
      catalog::void_what_is_known(tx, table.id);
      settings(tx, table.id);
      return table.id;
    });
}

} // namespace

result<stream_table_id> replace_query(
  postgres::session& db, const caller& by, const stream_table_change& change,
  ownership fence,
  const std::function<void(pqxx::dbtransaction&, stream_table_id)>& settings) {
  const auto planned = begin(db, by, change, fence);
  if (!planned)
    return tl::unexpected(planned.error());
  auto done = exchange(db, by, change, fence, settings);
  for (int attempt = 1;
       !done && done.error().code == errc::serialization_failure
       && attempt < most_attempts;
       ++attempt)
    done = exchange(db, by, change, fence, settings);
  // What is captured in vain until the next change of the query, should this
  // fail, makes nothing wrong.
  (void)db.run<void>(isolation::read_committed, [&](pqxx::dbtransaction& tx) {
    catalog::record_sources(
      tx, planned->table.id,
      done ? sources_of(planned->prepared, planned->program) : planned->former);
    catalog::check_fence(tx, fence.epoch);
  });
  return done;
}

} // namespace pgtrickle::engine
