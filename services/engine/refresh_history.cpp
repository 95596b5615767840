#include "services/engine/refresh_history.hpp"

#include "services/catalog/alert_writer.hpp"
#include "services/catalog/stream_table_store.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

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

nlohmann::json to_json(const completion& done) {
  return {{"pgt_id", static_cast<std::int64_t>(done.outcome.id)},
          {"refresh_id", done.history_id},
          {"action", done.outcome.action},
          {"reason", done.outcome.reason},
          {"changes", done.outcome.changes_consumed},
          {"inserted", done.outcome.rows_inserted},
          {"deleted", done.outcome.rows_deleted},
          {"waited", done.waited.count()},
          {"took", done.outcome.duration.count()},
          {"ddl_serial", done.ddl_serial}};
}

} // namespace

result<std::map<stream_table_id, std::int64_t>>
open_history(postgres::session& db, const std::vector<stream_table_id>& tables,
             initiator by, ownership fence) {
  using ids = std::map<stream_table_id, std::int64_t>;
  std::vector<std::int64_t> numbers;
  for (auto table : tables)
    numbers.push_back(static_cast<std::int64_t>(table));
  return db.once<ids>([&](pqxx::transaction_base& tx) {
    tx.conn().prepare(
      "pgt_open_history",
      "INSERT INTO pgtrickle.pgt_refresh_history (pgt_id, start_time, status, "
      "initiated_by) SELECT t.id, clock_timestamp(), 'RUNNING', $2 "
      "FROM (SELECT FROM pgtrickle.pgt_owner WHERE epoch = $3 FOR SHARE) o, "
      "unnest($1::bigint[]) t (id), "
      "set_config('synchronous_commit', 'off', true) RETURNING pgt_id, "
      "refresh_id");
    ids opened;
    for (const auto& row : tx.exec_prepared(
           "pgt_open_history", fmt::format("{{{}}}", fmt::join(numbers, ",")),
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
                        const std::string& reached, const std::string& at) {
  tx.conn().prepare("pgt_complete_refreshes",
                    "SELECT id, now_status FROM "
                    "pgtrickle._complete_refreshes($1, $2, $3)");
  auto all = nlohmann::json::array();
  for (const auto& one : done)
    all.push_back(to_json(one));
  std::map<stream_table_id, std::string> status;
  for (const auto& row :
       tx.exec_prepared("pgt_complete_refreshes", all.dump(), reached, at))
    status[stream_table_id{row[0].as<std::int64_t>()}]
      = row[1].as<std::string>();
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
  tx.exec_params("SELECT pgtrickle._complete_history($1, $2)",
                 nlohmann::json::array({to_json(done)}).dump(), at);
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
