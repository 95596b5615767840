// Restoring a stream table to a moment of its past.

#include "services/catalog/alert_writer.hpp"
#include "services/catalog/stream_table_store.hpp"
#include "services/differential/as_of.hpp"
#include "services/differential/program_json.hpp"
#include "services/engine/immediate.hpp"
#include "services/engine/one_off_program.hpp"
#include "services/engine/program_store.hpp"
#include "services/query/sql_text.hpp"
#include "services/snapshots/restore_trail.hpp"
#include "services/snapshots/snapshots.hpp"
#include "services/snapshots/subject.hpp"

#include <fmt/format.h>

namespace pgtrickle::snapshots {

using postgres::abandoned;
using postgres::isolation;

namespace {

/// Refreshes stay away from the table from here on, and DDL from what it
/// reads: this comes before the transaction has its snapshot.
catalog::stored_stream_table lock(pqxx::dbtransaction& tx,
                                  const subject& table) {
  tx.exec("SET LOCAL lock_timeout = '1min'");
  tx.exec(fmt::format("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", table.name));
  tx.exec("SET LOCAL pg_trickle.internal_refresh = on");
  auto found = catalog::load(tx, {table.id});
  if (found.empty())
    throw abandoned({errc::stream_table_not_found,
                     table.name + " was dropped",
                     {},
                     "Repeat the call with another one."});
  return found.at(table.id);
}

/// A position between the oldest change that is kept and now.
struct moment {
  frontier reached;
  /// When it was.
  std::string at;
};

[[noreturn]] void refuse_time(pqxx::dbtransaction& tx, stream_table_id id,
                              const std::string& name, const std::string& why) {
  const auto row
    = tx.exec_params1("SELECT min(s.data_timestamp), clock_timestamp() FROM "
                      "pgtrickle._kept_positions($1) s",
                      static_cast<std::int64_t>(id));
  throw abandoned(
    {errc::invalid_argument,
     fmt::format("{} can't be restored to that time: {}", name, why),
     row[0].is_null()
       ? "No snapshot of it keeps the changes since."
       : fmt::format("It can be restored to any time from {} to {}.",
                     row[0].as<std::string>(), row[1].as<std::string>()),
     row[0].is_null()
       ? "Take a snapshot by pgtrickle.snapshot_stream_table(): from then on "
         "the changes are kept."
       : "Choose a time within that range."});
}

moment find_moment(pqxx::dbtransaction& tx, stream_table_id id,
                   const std::string& name, const std::string& time) {
  const auto rows = tx.exec_params(
    "SELECT reached, reached_at, problem FROM pgtrickle._position_at($1, "
    "$2::timestamptz)",
    static_cast<std::int64_t>(id), time);
  if (rows.empty())
    refuse_time(tx, id, name, "no snapshot is that old");
  if (!rows[0][2].is_null())
    refuse_time(tx, id, name, rows[0][2].as<std::string>());
  return {{rows[0][0].as<std::string>(), {}}, rows[0][1].as<std::string>()};
}

/// Changes the rows to those of that moment; the program's arrangements are
/// left behind.
engine::row_counts rewind(pqxx::dbtransaction& tx,
                          const catalog::stored_stream_table& table,
                          const refresh_program& program,
                          const moment& target) {
  const auto prepared = engine::prepare(
    tx, table.defining_query, {table.owner, "pg_catalog"}, table.refresh_mode);
  const auto& root = *prepared.plan;
  const auto rows = rows_as_of(root, program, beyond(target.reached));
  if (!prepared.full_reason.empty() || !rows)
    throw abandoned(
      {errc::unsupported_query,
       table.name
         + " can't be restored to a time: its query, or a part of it, "
           "is recomputed from tables of which no history is kept",
       {},
       "pgtrickle.explain_st() names the part. Restore one of its snapshots "
       "instead."});
  const plan stored{opaque{*rows, {}, "as of then"}, root.columns, root.key};
  return engine::run_once(
    tx, compile(stored, {table.id, table.name, prepared.query.names}), "FULL",
    table.owner);
}

void complete(pqxx::dbtransaction& tx,
              const catalog::stored_stream_table& table,
              const refresh_program& program, const moment& target,
              engine::row_counts rows, const std::string& began_at) {
  const auto id = static_cast<std::int64_t>(table.id);
  const auto why = "restored to " + target.at;
  tx.exec("ANALYZE " + table.name);
  tx.exec_params(
    "UPDATE pgtrickle.pgt_stream_tables SET status = 'SUSPENDED', frontier = "
    "frontier || jsonb_build_object('snapshot', $2::text, 'own_xid', NULL, "
    "'at', $3::timestamptz), data_timestamp = $3::timestamptz, "
    "needs_reinit = needs_reinit OR $4, reinit_reason = CASE WHEN $4 THEN $5 "
    "ELSE reinit_reason END, ddl_serial = ddl_serial + 1, updated_at = now() "
    "WHERE pgt_id = $1",
    id, target.reached.snapshot, target.at, !program.state.empty(), why);
  record(tx, table.id, {began_at, target.at, why, rows});
  catalog::write_alert(tx, alert::snapshot_restored, table.id,
                       {{"stream_table", table.name},
                        {"pgt_id", id},
                        {"target_time", target.at},
                        {"data_timestamp", target.at},
                        {"reason", why}});
  tx.exec("NOTIFY pgtrickle_catalog");
}

rewinding restore_within(pqxx::dbtransaction& tx, const subject& of,
                         const std::string& time, ownership fence) {
  const auto table = lock(tx, of);
  const auto began_at = now_in(tx);
  const auto program = program_from_json(catalog::program_of(tx, table.id));
  if (!program || table.needs_reinit || table.needs_recompile)
    throw abandoned({errc::wrong_state,
                     table.name + " has to be compiled again first",
                     {},
                     "Call pgtrickle.refresh_stream_table, then this."});
  const auto target = find_moment(tx, table.id, table.name, time);
  const auto rows = rewind(tx, table, *program, target);
  complete(tx, table, *program, target, rows, began_at);
  catalog::check_fence(tx, fence.epoch);
  return {target.at,
          fmt::format("{} stays at {} until pgtrickle.resume_stream_table()",
                      table.name, target.at)};
}

} // namespace

result<rewinding> restore_to(postgres::session& db, const caller& by,
                             const std::string& name, const std::string& time,
                             ownership fence) {
  const auto of = find_subject(db, by, name);
  if (!of)
    return tl::unexpected(of.error());
  if (of->refresh_mode == engine::immediate_mode)
    return tl::unexpected(
      failure{errc::wrong_state,
              of->name + " is IMMEDIATE: it has no change history",
              {},
              "Restore one of its snapshots under another name."});
  return db.run<rewinding>(isolation::repeatable_read,
                           [&](pqxx::dbtransaction& tx) {
                             return restore_within(tx, *of, time, fence);
                           });
}

} // namespace pgtrickle::snapshots
