#include "services/engine/refresh_history.hpp"

#include "services/catalog/alert_writer.hpp"
#include "services/catalog/stream_table_store.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <array>

namespace pgtrickle::engine {

using postgres::isolation;

namespace {

/// $1 to $10: refreshes that are done; $11: when their snapshot was taken.
/// `waited` and `took` are microseconds from there on, and on to the end.
/// `also`: what else is set.
std::string completed_history(const std::string& also = {}) {
  return "WITH d AS MATERIALIZED (SELECT * FROM unnest($1::bigint[], "
         "$2::bigint[], "
         "$3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], "
         "$8::bigint[], $9::bigint[], $10::bigint[]) AS d (pgt_id, refresh_id, "
         "action, reason, changes, inserted, deleted, waited, took, "
         "ddl_serial)), "
         "h AS (UPDATE pgtrickle.pgt_refresh_history h SET "
         "start_time = $11::timestamptz + d.waited * interval '1 microsecond', "
         "end_time = $11::timestamptz + (d.waited + d.took) * interval '1 "
         "microsecond', "
         "status = 'COMPLETED', action = d.action, reason = nullif(d.reason, "
         "''), "
         "delta_row_count = d.changes, rows_inserted = d.inserted, "
         "rows_deleted = d.deleted, data_timestamp = $11::timestamptz"
         + also
         + " FROM d WHERE h.refresh_id = d.refresh_id RETURNING h.refresh_id) ";
}

/// What this transaction has written to stream tables is consumed: its xid goes
/// into the frontier, $12. One that DDL has touched since it was loaded is left
/// out.
const std::string completed_refreshes
  = completed_history(", reached = ($12::jsonb ->> 'snapshot')::pg_snapshot")
    + "UPDATE pgtrickle.pgt_stream_tables s SET frontier = $12::jsonb || "
      "jsonb_build_object('own_xid', pg_current_xact_id()::text), "
      "data_timestamp = $11::timestamptz, last_refresh_at = clock_timestamp(), "
      "is_populated = true, needs_reinit = false, reinit_reason = NULL, "
      "consecutive_errors = 0, last_error_message = NULL, "
      "last_error_at = NULL, effective_refresh_mode = CASE d.action "
      "WHEN 'NO_DATA' THEN s.effective_refresh_mode "
      "WHEN 'DIFFERENTIAL' THEN 'DIFFERENTIAL' ELSE 'FULL' END, "
      "mode_spent_ms = CASE WHEN d.action = 'NO_DATA' THEN s.mode_spent_ms "
      "WHEN (s.effective_refresh_mode = 'DIFFERENTIAL') "
      "= (d.action = 'DIFFERENTIAL') "
      "THEN s.mode_spent_ms + d.took / 1000.0 ELSE d.took / 1000.0 END, "
      "last_full_ms = CASE WHEN d.action IN ('FULL', 'REINITIALIZE') "
      "THEN d.took / 1000.0 ELSE s.last_full_ms END, "
      "last_diff_ms = CASE d.action WHEN 'DIFFERENTIAL' "
      "THEN d.took / 1000.0 ELSE s.last_diff_ms END, "
      "status = CASE s.status WHEN 'SUSPENDED' THEN s.status "
      "ELSE 'ACTIVE' END FROM d, (SELECT FROM pgtrickle.pgt_owner "
      "WHERE epoch = $13 FOR SHARE) o "
      "WHERE s.pgt_id = d.pgt_id AND s.ddl_serial = d.ddl_serial "
      "RETURNING s.pgt_id, s.status";

/// $1 to $10 as arrays, each in the order of the refreshes.
std::vector<std::string> arrays_of(const std::vector<completion>& done) {
  std::array<std::vector<std::string>, 10> columns;
  for (const auto& one : done) {
    const auto& outcome = one.outcome;
    const std::array values{
      std::to_string(static_cast<std::int64_t>(outcome.id)),
      std::to_string(one.history_id),
      array_element(outcome.action),
      array_element(outcome.reason),
      std::to_string(outcome.changes_consumed),
      std::to_string(outcome.rows_inserted),
      std::to_string(outcome.rows_deleted),
      std::to_string(one.waited.count()),
      std::to_string(outcome.duration.count()),
      std::to_string(one.ddl_serial)};
    for (std::size_t i = 0; i < values.size(); ++i)
      columns.at(i).push_back(values.at(i));
  }
  std::vector<std::string> arrays;
  for (const auto& column : columns)
    arrays.push_back("{" + joined(column, ",") + "}");
  return arrays;
}

} // namespace

const char* name_of(initiator by) {
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

result<std::map<stream_table_id, std::int64_t>>
open_history(postgres::session& db, const std::vector<stream_table_id>& tables,
             initiator by, ownership fence) {
  using ids = std::map<stream_table_id, std::int64_t>;
  return db.once<ids>([&](pqxx::transaction_base& tx) {
    tx.conn().prepare(
      "pgt_open_history",
      "INSERT INTO pgtrickle.pgt_refresh_history (pgt_id, start_time, status, "
      // A new table may be noticed by the scheduler first, while the call
      // that created it asks for its fill.
      "initiated_by) SELECT t.id, clock_timestamp(), 'RUNNING', CASE WHEN $2 = "
      "'SCHEDULER' AND EXISTS (SELECT FROM pgtrickle.pgt_stream_tables s "
      "WHERE s.pgt_id = t.id AND NOT s.is_populated) THEN 'INITIAL' ELSE $2 "
      "END FROM (SELECT FROM pgtrickle.pgt_owner WHERE epoch = $3 FOR SHARE) "
      "o, unnest($1::bigint[]) t (id), "
      "set_config('synchronous_commit', 'off', true) RETURNING pgt_id, "
      "refresh_id");
    ids opened;
    for (const auto& row :
         tx.exec_prepared("pgt_open_history", catalog::array_of(tables),
                          name_of(by), fence.epoch))
      opened[stream_table_id{row[0].as<std::int64_t>()}]
        = row[1].as<std::int64_t>();
    if (opened.empty())
      catalog::check_fence(tx, fence.epoch);
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

void complete_refreshes(pqxx::transaction_base& tx,
                        const std::vector<completion>& done,
                        const std::string& reached, const std::string& at,
                        ownership fence) {
  tx.conn().prepare("pgt_complete_refreshes", completed_refreshes);
  const auto arrays = arrays_of(done);
  std::map<stream_table_id, std::string> status;
  for (const auto& row : tx.exec_prepared(
         "pgt_complete_refreshes",
         pqxx::prepare::make_dynamic_params(arrays.begin(), arrays.end()), at,
         reached, fence.epoch))
    status[stream_table_id{row[0].as<std::int64_t>()}]
      = row[1].as<std::string>();
  if (status.empty())
    catalog::check_fence(tx, fence.epoch);
  for (const auto& one : done) {
    const auto found = status.find(one.outcome.id);
    if (found == status.end())
      throw postgres::abandoned(
        {errc::serialization_failure,
         "what " + one.outcome.name
           + " stands on was altered during its refresh",
         {},
         "The scheduler repeats the refresh by itself."});
    one.outcome.status = found->second;
  }
}

void complete_history(pqxx::transaction_base& tx, const completion& done,
                      const std::string& at) {
  const auto arrays = arrays_of({done});
  tx.exec_params(
    completed_history() + "SELECT FROM h",
    pqxx::prepare::make_dynamic_params(arrays.begin(), arrays.end()), at);
}

result<void> record_no_data(postgres::session& db, stream_table_id table,
                            initiator by) {
  return db.once<void>([&](pqxx::transaction_base& tx) {
    tx.exec_params("INSERT INTO pgtrickle.pgt_refresh_history (pgt_id, "
                   "start_time, end_time, "
                   "data_timestamp, action, reason, status, initiated_by) "
                   "SELECT $1, now(), "
                   "clock_timestamp(), now(), 'NO_DATA', 'no source has "
                   "changed', 'COMPLETED', $2 "
                   "FROM set_config('synchronous_commit', 'off', true)",
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
    if (status == "ERROR")
      tx.exec_params("SELECT pgtrickle._release_writers($1)",
                     static_cast<std::int64_t>(outcome.id));
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
