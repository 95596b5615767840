#include "services/snapshots/restore_trail.hpp"

namespace pgtrickle::snapshots {

std::string now_in(pqxx::transaction_base& tx) {
  return tx.exec1("SELECT clock_timestamp()")[0].as<std::string>();
}

void record(pqxx::transaction_base& tx, stream_table_id restored,
            const restore_trail& trail) {
  tx.exec_params(
    "INSERT INTO pgtrickle.pgt_refresh_history (pgt_id, start_time, end_time, "
    "data_timestamp, action, reason, status, initiated_by, rows_inserted, "
    "rows_deleted) VALUES ($1, $2, clock_timestamp(), $3::timestamptz, "
    "'RESTORE', $4, 'COMPLETED', 'MANUAL', $5, $6)",
    static_cast<std::int64_t>(restored), trail.began_at, trail.data_timestamp,
    trail.reason, trail.rows.inserted, trail.rows.deleted);
}

} // namespace pgtrickle::snapshots
