#include "services/catalog/stream_table_store.hpp"
#include "services/differential/program_json.hpp"
#include "services/engine/immediate.hpp"
#include "services/engine/program_store.hpp"
#include "services/engine/registration.hpp"
#include "services/engine/stream_table_names.hpp"
#include "services/query/sql_text.hpp"
#include "services/snapshots/restore_rows.hpp"
#include "services/snapshots/restore_trail.hpp"

#include <fmt/format.h>

namespace pgtrickle::snapshots {

using postgres::abandoned;
using postgres::isolation;

namespace {

/// Creates the stream table that the snapshot was taken of, empty.
stream_table_id create(pqxx::dbtransaction& tx, const caller& by,
                       const std::string& text, const header& from) {
  const auto name = engine::parse_name(tx, by, text);
  stream_table_definition definition;
  definition.name
    = pgtrickle::quoted(name.schema) + "." + pgtrickle::quoted(name.name);
  definition.query = from.original_query;
  definition.schedule = from.schedule;
  definition.refresh_mode = from.refresh_mode;
  definition.initialize = from.refresh_mode == engine::immediate_mode;
  return engine::create_within(tx, {by.role, from.original_search_path},
                               definition);
}

/// Finds or makes the stream table, and keeps refreshes away from it. One that
/// has its snapshot already can't commit: its row will be another one.
void take_table(pqxx::dbtransaction& tx, const caller& by,
                const std::string& name, restore_work& work) {
  const auto id = work.is_new ? create(tx, by, name, work.snapshot.contents)
                              : engine::resolve(tx, by, name);
  const auto table = catalog::load(tx, {id}).at(id);
  engine::check_owner(tx, by, table.relid, table.name);
  work.table = table;
  // Its writers hold their locks in another order.
  if (table.refresh_mode == engine::immediate_mode)
    return;
  // Whoever asks for a restore would rather wait for a refresh than fail.
  tx.exec("SET LOCAL lock_timeout = '1min'");
  tx.exec(fmt::format("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", table.name));
  tx.exec_params("SELECT FROM pgtrickle.pgt_stream_tables WHERE pgt_id = $1 "
                 "FOR NO KEY UPDATE",
                 static_cast<std::int64_t>(id));
  work.table = catalog::load(tx, {id}).at(id);
}

/// A stream table that comes back goes on with the snapshots that it had: so
/// moments before it was dropped can be reached.
void take_over_snapshots(pqxx::dbtransaction& tx, const restore_work& work) {
  tx.exec_params(
    "UPDATE pgtrickle.pgt_snapshots s SET pgt_id = $1 FROM "
    "pgtrickle.pgt_snapshots restored WHERE restored.snapshot_id = $2 AND "
    "s.pgt_id = restored.pgt_id AND NOT EXISTS (SELECT FROM "
    "pgtrickle.pgt_stream_tables t WHERE t.pgt_id = s.pgt_id)",
    static_cast<std::int64_t>(work.table.id), work.snapshot.id);
}

/// Throws snapshot_schema_version_mismatch unless the snapshot is of the stream
/// table's definition: of the same query, or of one that differs in names only.
void check_definition(pqxx::dbtransaction& tx, const restore_work& work) {
  const auto& of = work.snapshot.contents;
  const auto mismatch = [&](const std::string& detail) {
    throw abandoned(
      {errc::snapshot_schema_version_mismatch,
       fmt::format("snapshot {} is of another definition than {}",
                   work.snapshot.name, work.table.name),
       detail,
       "Give the stream table the snapshot's query by "
       "pgtrickle.alter_stream_table(), or drop it and restore again: then "
       "the restore creates it."});
  };
  header now;
  now.columns = columns_of(tx, work.table.relid);
  now.defining_query = work.table.defining_query;
  if (const auto differs = difference(of.columns, now.columns);
      !differs.empty())
    mismatch(differs);
  const auto shape
    = tx.exec_params1("SELECT coalesce(plan_shape, '') FROM "
                      "pgtrickle.pgt_stream_tables WHERE pgt_id = $1",
                      static_cast<std::int64_t>(work.table.id))[0]
        .as<std::string>();
  const bool renamed
    = work.snapshot.id && !shape.empty() && shape == work.snapshot.plan_shape;
  if (fingerprint(tx, now) != of.fingerprint && !renamed)
    mismatch(fmt::format("The snapshot's query is {}", of.defining_query));
}

/// Why refreshes can't go on from the snapshot's position. From here on nobody
/// lets go of the changes beyond it.
std::string why_not_resumable(pqxx::dbtransaction& tx,
                              const restore_work& work) {
  const auto& snapshot = work.snapshot;
  const auto& table = work.table;
  if (!snapshot.id)
    return "it is not registered, so nothing has kept the changes after it";
  if (table.needs_reinit && !work.is_new)
    return "the stream table has to be re-initialised: " + table.reinit_reason;
  if (table.needs_recompile)
    return "what the stream table reads was renamed";
  tx.exec_params("SELECT FROM pgtrickle.pgt_snapshots WHERE snapshot_id = $1 "
                 "FOR SHARE",
                 *snapshot.id);
  const auto row = tx.exec_params1(
    "SELECT pgtrickle._why_not_resumable($1), (SELECT coalesce(plan_shape, '') "
    "FROM pgtrickle.pgt_stream_tables WHERE pgt_id = $2), (SELECT "
    "system_identifier::text FROM pg_control_system()), (SELECT frontier ->> "
    "'system_identifier' FROM pgtrickle.pgt_snapshots WHERE snapshot_id = $1)",
    *snapshot.id, static_cast<std::int64_t>(table.id));
  if (!row[0].is_null())
    return row[0].as<std::string>();
  if (row[1].as<std::string>() != snapshot.plan_shape)
    return "the query is kept by other operators than then";
  if (row[2].as<std::string>() != row[3].as<std::string>(""))
    return "its position is one of another PostgreSQL cluster";
  const auto program = program_from_json(catalog::program_of(tx, table.id));
  if (!program || program->state.size() != snapshot.arrangements.size())
    return "its arrangements are not those of the stream table's program";
  return {};
}

/// The position, and the trail that a restore leaves.
void complete(pqxx::dbtransaction& tx, const restore_work& work,
              const std::string& why) {
  const auto& from = work.snapshot.contents;
  const auto id = static_cast<std::int64_t>(work.table.id);
  // Where refreshes can't go on, whatever is captured from now on is consumed
  // by the re-initialisation.
  tx.exec_params(
    "UPDATE pgtrickle.pgt_stream_tables t SET frontier = coalesce(nullif("
    "$2::jsonb, 'null'), t.frontier, jsonb_build_object('snapshot', "
    "pg_current_snapshot()::text, 'own_xid', NULL, 'system_identifier', "
    "(SELECT system_identifier::text FROM pg_control_system()), 'lsn', "
    "pg_current_wal_lsn()::text, 'at', clock_timestamp())), "
    "data_timestamp = coalesce($3::timestamptz, data_timestamp), "
    "last_refresh_at = clock_timestamp(), is_populated = true, "
    "needs_reinit = $4 <> '', reinit_reason = nullif($4, ''), "
    "consecutive_errors = 0, last_error_message = NULL, last_error_at = NULL, "
    "status = CASE status WHEN 'SUSPENDED' THEN status ELSE 'ACTIVE' END, "
    "ddl_serial = ddl_serial + 1, updated_at = now() WHERE pgt_id = $1",
    id, work.reason.empty() ? work.snapshot.frontier : "null",
    work.reason.empty() || work.is_new
      ? std::optional<std::string>{from.data_timestamp}
      : std::nullopt,
    work.reason.empty() ? "" : why);
  record(tx, work.table.id,
         {work.began_at, from.data_timestamp, why, work.rows});
  tx.exec("NOTIFY pgtrickle_catalog");
}

/// Rows as of the snapshot, or what brings the stream table to where its query
/// is now.
void restore_rows(pqxx::dbtransaction& tx, restore_work& work) {
  work.reason = why_not_resumable(tx, work);
  const auto program
    = program_from_json(catalog::program_of(tx, work.table.id));
  // What is reconciled anyway need not change twice.
  if (work.reason.empty() || work.is_new) {
    apply_rows(tx, work);
    if (work.reason.empty())
      apply_arrangements(tx, work, *program);
    if (program)
      finish(tx, work, *program);
  }
  const auto origin
    = fmt::format("restored from snapshot {} of {}", work.snapshot.name,
                  work.snapshot.contents.data_timestamp);
  complete(tx, work,
           work.reason.empty() ? origin : origin + ": " + work.reason);
}

restoration restore_within(pqxx::dbtransaction& tx, const caller& by,
                           const std::string& name, const std::string& source,
                           ownership fence) {
  tx.exec("SET LOCAL pg_trickle.internal_refresh = on");
  restore_work work;
  work.snapshot = find_kept(tx, by, source);
  work.is_new = engine::relation_named(tx, by, name) == 0;
  if (!work.is_new)
    check_beforehand(tx, work.snapshot);
  take_table(tx, by, name, work);
  work.began_at = now_in(tx);
  check_definition(tx, work);
  if (work.is_new)
    take_over_snapshots(tx, work);
  restoration done{work.table.id, false, {}};
  if (work.table.refresh_mode == engine::immediate_mode) {
    if (work.is_new)
      check_beforehand(tx, work.snapshot);
    else
      engine::fill_immediate(tx, work.table.id, engine::initiator::manual);
    work.reason = "it is IMMEDIATE";
    done.notices.push_back(
      fmt::format("{} is IMMEDIATE: it has the rows of its query as of now",
                  work.table.name));
  } else {
    restore_rows(tx, work);
    done.must_refresh
      = !work.reason.empty() && work.table.status != "SUSPENDED";
    if (!work.reason.empty())
      done.notices.push_back(fmt::format(
        "{} can't go on from snapshot {}: {}; it is reconciled with its query",
        work.table.name, work.snapshot.name, work.reason));
  }
  tell_restored(tx, work.table, work.snapshot, work.reason);
  catalog::check_fence(tx, fence.epoch);
  return done;
}

} // namespace

result<restoration> restore(postgres::session& db, const caller& by,
                            const std::string& name, const std::string& source,
                            ownership fence) {
  return db.run<restoration>(
    isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      return restore_within(tx, by, name, source, fence);
    });
}

} // namespace pgtrickle::snapshots
