#pragma once
// The trail that refreshes leave in the catalog.

#include "services/engine/refresh.hpp"

#include <pqxx/pqxx>

#include <map>

namespace pgtrickle::engine {

/// Opens a RUNNING history row for each table, in a transaction of its own: a
/// crash leaves it as evidence. Returns the rows' ids.
[[nodiscard]] result<std::map<stream_table_id, std::int64_t>>
open_history(postgres::session& db, const std::vector<stream_table_id>& tables,
             initiator by);

/// Opens one within the transaction that fills `table`. Returns its id.
[[nodiscard]] std::int64_t begin_history(pqxx::transaction_base& tx,
                                         stream_table_id table, initiator by);

/// Moves the stream table's frontier to `frontier` (jsonb), reached at
/// `data_timestamp`, and clears its errors. Returns its status. Throws
/// serialization_failure if DDL has touched what it stands on since it was
/// loaded, with `ddl_serial`.
[[nodiscard]] std::string complete_refresh(pqxx::transaction_base& tx,
                                           const refresh_outcome& outcome,
                                           std::int64_t ddl_serial,
                                           const std::string& frontier,
                                           const std::string& data_timestamp);

/// Completes the history row `id`, in the refresh's own transaction, which took
/// its snapshot at `data_timestamp`; this table's turn came `waited` later.
void complete_history(pqxx::transaction_base& tx, std::int64_t id,
                      const refresh_outcome& outcome,
                      const std::string& data_timestamp,
                      std::chrono::microseconds waited);

/// Records that a refresh found nothing to do.
[[nodiscard]] result<void> record_no_data(postgres::session& db,
                                          stream_table_id table, initiator by);

/// Records a failure: history, the table's error count, its status, alerts.
/// Returns the table's status.
[[nodiscard]] result<std::string>
record_failure(postgres::session& db, std::int64_t history_id,
               const refresh_outcome& outcome);

} // namespace pgtrickle::engine
