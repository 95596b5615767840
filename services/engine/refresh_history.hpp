#pragma once
// The trail that refreshes leave in the catalog.

#include "services/engine/refresh.hpp"

#include <pqxx/pqxx>

#include <map>

namespace pgtrickle::engine {

/// As the history calls it.
[[nodiscard]] const char* name_of(initiator by);

/// Opens a RUNNING history row for each table, in a transaction of its own: a
/// crash leaves it as evidence. Nobody waits for the disk: losing the trail to
/// a crash of PostgreSQL is no harm, the refresh is lost with it. A statement
/// that outlives its daemon opens nothing. Returns the rows' ids. Errors:
/// fenced.
[[nodiscard]] result<std::map<stream_table_id, std::int64_t>>
open_history(postgres::session& db, const std::vector<stream_table_id>& tables,
             initiator by, ownership fence);

/// Opens one within the transaction that fills `table`. Returns its id.
[[nodiscard]] std::int64_t begin_history(pqxx::transaction_base& tx,
                                         stream_table_id table, initiator by);

/// One stream table's part of a refresh that is done.
struct completion {
  refresh_outcome& outcome;
  std::int64_t history_id = 0;
  /// From the snapshot until its turn came.
  std::chrono::microseconds waited{};
  /// As it was when the table was loaded.
  std::int64_t ddl_serial = 0;
};

/// Moves the frontiers of all stream tables to `reached` (jsonb), the snapshot
/// of this transaction, which it took at `at`; clears their errors, keeps count
/// of costs and completes their history rows. Fills in their status. Checks the
/// fence as `catalog::check_fence` does. Throws serialization_failure if DDL
/// has touched what one of them stands on since it was loaded.
void complete_refreshes(pqxx::transaction_base& tx,
                        const std::vector<completion>& done,
                        const std::string& reached, const std::string& at,
                        ownership fence);

/// Completes a history row only.
void complete_history(pqxx::transaction_base& tx, const completion& done,
                      const std::string& at);

/// Records that a refresh found nothing to do.
[[nodiscard]] result<void> record_no_data(postgres::session& db,
                                          stream_table_id table, initiator by);

/// Records a failure: history, the table's error count, its status, alerts.
/// Returns the table's status.
[[nodiscard]] result<std::string>
record_failure(postgres::session& db, std::int64_t history_id,
               const refresh_outcome& outcome);

} // namespace pgtrickle::engine
