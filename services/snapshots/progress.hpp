#pragma once
// What pgtrickle.snapshot_progress() shows of a transaction.

#include "services/core/ids.hpp"

#include <pqxx/pqxx>

#include <cstdint>
#include <string>

namespace pgtrickle::snapshots {

/// The numbers are those of sql/extension/release/22_snapshot_progress.sql.
enum class stage : std::uint8_t {
  copying_rows = 1,
  copying_arrangements = 2,
  verifying = 3,
  verifying_for_restore = 4,
  writing_rows = 5,
  comparing_rows = 6,
  writing_arrangements = 7
};

/// Begins a stage of the transaction, on a relation with about so many rows.
void report(pqxx::transaction_base& tx, stage next, oid relation,
            std::int64_t expected_rows);

} // namespace pgtrickle::snapshots
