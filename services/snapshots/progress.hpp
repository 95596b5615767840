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
  hashing_rows = 2,
  copying_arrangements = 3,
  verifying = 4,
  verifying_for_restore = 5,
  writing_rows = 6,
  comparing_rows = 7,
  writing_arrangements = 8
};

/// Begins a stage of the transaction, on a relation with about so many rows.
void report(pqxx::transaction_base& tx, stage next, oid relation,
            std::int64_t expected_rows);

/// The rows of `table`, in a FROM clause, each of which is counted when it is
/// read. For statements that end with it: what parallel workers have counted
/// is forgotten when they end.
[[nodiscard]] std::string counted(const std::string& table);

} // namespace pgtrickle::snapshots
