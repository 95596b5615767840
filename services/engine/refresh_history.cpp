#include "services/engine/refresh_history.hpp"

#include "services/catalog/alert_writer.hpp"
#include "services/catalog/stream_table_store.hpp"

namespace pgtrickle::engine {

using postgres::isolation;

namespace {

constexpr const char* name_of(initiator by) {
  switch (by) {
    case initiator::scheduler:
      return "SCHEDULER";
    case initiator::manual:
      return "MANUAL";
    case initiator::initial:
      return "INITIAL";
  }
  return "SCHEDULER";
}

/// Losing the trail to a crash of PostgreSQL is no harm: the refresh is lost
/// with it. Waiting for the disk twice a refresh would be.
constexpr const char* without_waiting = "SET LOCAL synchronous_commit = off";

} // namespace

result<std::map<stream_table_id, std::int64_t>>
open_history(postgres::session& db, const std::vector<stream_table_id>& tables,
             initiator by) {
  using ids = std::map<stream_table_id, std::int64_t>;
  return db.run<ids>(isolation::read_committed, [&](pqxx::dbtransaction& tx) {
    ids opened;
    tx.exec(without_waiting);
    for (auto table : tables)
      opened[table] = begin_history(tx, table, by);
    return opened;
  });
}

std::int64_t begin_history(pqxx::transaction_base& tx, stream_table_id table,
                           initiator by) {
  return tx
    .exec_params1(
      "INSERT INTO pgtrickle.pgt_refresh_history (pgt_id, start_time, status, "
      "initiated_by) VALUES ($1, clock_timestamp(), 'RUNNING', $2) "
      "RETURNING refresh_id",
      static_cast<std::int64_t>(table), name_of(by))[0]
    .as<std::int64_t>();
}

std::string complete_refresh(pqxx::transaction_base& tx,
                             const refresh_outcome& outcome,
                             std::int64_t ddl_serial,
                             const std::string& frontier,
                             const std::string& data_timestamp) {
  tx.conn().prepare(
    "pgt_complete_refresh",
    "UPDATE pgtrickle.pgt_stream_tables SET frontier = $2::jsonb, "
    "data_timestamp = $3::timestamptz, last_refresh_at = clock_timestamp(), "
    "is_populated = true, needs_reinit = false, reinit_reason = NULL, "
    "consecutive_errors = 0, last_error_message = NULL, "
    "last_error_at = NULL, effective_refresh_mode = CASE $4 "
    "WHEN 'NO_DATA' THEN effective_refresh_mode "
    "WHEN 'DIFFERENTIAL' THEN 'DIFFERENTIAL' ELSE 'FULL' END, "
    "mode_spent_ms = CASE WHEN $4 = 'NO_DATA' THEN mode_spent_ms "
    "WHEN (effective_refresh_mode = 'DIFFERENTIAL') = ($4 = 'DIFFERENTIAL') "
    "THEN mode_spent_ms + $5 ELSE $5 END, "
    "last_full_ms = CASE WHEN $4 IN ('FULL', 'REINITIALIZE') THEN $5 "
    "ELSE last_full_ms END, "
    "last_diff_ms = CASE $4 WHEN 'DIFFERENTIAL' THEN $5 ELSE last_diff_ms "
    "END, "
    "status = CASE status WHEN 'SUSPENDED' THEN status ELSE 'ACTIVE' END "
    "WHERE pgt_id = $1 AND ddl_serial = $6 RETURNING status");
  const auto rows = tx.exec_prepared(
    "pgt_complete_refresh", static_cast<std::int64_t>(outcome.id), frontier,
    data_timestamp, outcome.action,
    static_cast<double>(outcome.duration.count()) / 1000, ddl_serial);
  if (rows.empty())
    throw postgres::abandoned(
      {errc::serialization_failure,
       "what " + outcome.name + " stands on was altered during its refresh",
       {},
       "The scheduler repeats the refresh by itself."});
  return rows[0][0].as<std::string>();
}

void complete_history(pqxx::transaction_base& tx, std::int64_t id,
                      const refresh_outcome& outcome,
                      const std::string& data_timestamp,
                      std::chrono::microseconds waited) {
  tx.conn().prepare(
    "pgt_complete_history",
    "UPDATE pgtrickle.pgt_refresh_history SET "
    "start_time = $7::timestamptz + $8 * interval '1 microsecond', "
    "end_time = $7::timestamptz + ($8 + $9) * interval '1 microsecond', "
    "status = 'COMPLETED', action = $2, reason = nullif($3, ''), "
    "delta_row_count = $4, rows_inserted = $5, rows_deleted = $6, "
    "data_timestamp = $7::timestamptz WHERE refresh_id = $1");
  tx.exec_prepared("pgt_complete_history", id, outcome.action, outcome.reason,
                   outcome.changes_consumed, outcome.rows_inserted,
                   outcome.rows_deleted, data_timestamp, waited.count(),
                   outcome.duration.count());
}

result<void> record_no_data(postgres::session& db, stream_table_id table,
                            initiator by) {
  return db.run<void>(isolation::read_committed, [&](pqxx::dbtransaction& tx) {
    tx.exec(without_waiting);
    tx.exec_params("INSERT INTO pgtrickle.pgt_refresh_history (pgt_id, "
                   "start_time, end_time, "
                   "data_timestamp, action, reason, status, initiated_by) "
                   "VALUES ($1, now(), "
                   "clock_timestamp(), now(), 'NO_DATA', 'no source has "
                   "changed', 'COMPLETED', $2)",
                   static_cast<std::int64_t>(table), name_of(by));
  });
}

result<std::string> record_failure(postgres::session& db,
                                   std::int64_t history_id,
                                   const refresh_outcome& outcome) {
  return db.run<std::string>(isolation::read_committed, [&](pqxx::dbtransaction&
                                                              tx) {
    const auto& error = *outcome.error;
    // What passes by itself (a lock, a serialization failure) or was wished
    // is no fault of the table and does not count towards ERROR.
    const bool counts = reaction_to(error.code) != reaction::retry
                        && error.code != errc::cancelled;
    tx.exec_params(
      "UPDATE pgtrickle.pgt_refresh_history SET end_time = clock_timestamp(), "
      "status = 'FAILED', action = nullif($2, ''), error_message = $3, "
      "error_sqlstate = $4 WHERE refresh_id = $1",
      history_id, outcome.action, error.message, std::string{error.state()});
    const auto told = outcome.is_broken && !error.hint.empty()
                        ? error.message + "\nHINT: " + error.hint
                        : error.message;
    const auto rows = tx.exec_params(
      "UPDATE pgtrickle.pgt_stream_tables SET last_error_message = $5, "
      "last_error_at = clock_timestamp(), "
      "consecutive_errors = consecutive_errors + $3::boolean::int, "
      "needs_reinit = needs_reinit OR $4 = 'XX001', "
      "reinit_reason = CASE WHEN $4 = 'XX001' THEN $2 ELSE reinit_reason END, "
      "status = CASE WHEN $3::boolean AND ($6 OR consecutive_errors + 1 >= "
      "coalesce(current_setting('pg_trickle.max_consecutive_errors', true), "
      "'5')::int) "
      "THEN 'ERROR' ELSE status END WHERE pgt_id = $1 "
      "RETURNING status, consecutive_errors",
      static_cast<std::int64_t>(outcome.id), error.message, counts,
      std::string{error.state()}, told, outcome.is_broken);
    if (rows.empty())
      return std::string{"DROPPED"};
    auto status = rows[0][0].as<std::string>();
    if (counts)
      catalog::write_alert(tx,
                           status == "ERROR" ? alert::stream_table_suspended
                                             : alert::refresh_failed,
                           outcome.id,
                           {{"stream_table", outcome.name},
                            {"pgt_id", static_cast<std::int64_t>(outcome.id)},
                            {"action", outcome.action},
                            {"error", error.message},
                            {"sqlstate", std::string{error.state()}},
                            {"consecutive_errors", rows[0][1].as<int>()}});
    return status;
  });
}

result<std::int64_t> close_interrupted_refreshes(postgres::session& db,
                                                 ownership fence) {
  return db.run<std::int64_t>(isolation::read_committed, [&](
                                                           pqxx::dbtransaction&
                                                             tx) {
    const auto rows = tx.exec(
      "UPDATE pgtrickle.pgt_refresh_history SET status = 'FAILED', "
      "end_time = clock_timestamp(), error_sqlstate = '57P01', "
      "error_message = 'the daemon or the server stopped during this refresh; "
      "the stream table holds what it held before' WHERE status = 'RUNNING'");
    catalog::check_fence(tx, fence.epoch);
    return static_cast<std::int64_t>(rows.affected_rows());
  });
}

} // namespace pgtrickle::engine
