#pragma once
// The rows of a restore: of the stream table, and of what is kept beside it.

#include "services/catalog/stream_table_store.hpp"
#include "services/differential/program.hpp"
#include "services/engine/one_off_program.hpp"
#include "services/snapshots/archive.hpp"

#include <string>

namespace pgtrickle::snapshots {

/// A restore on its way.
struct restore_work {
  archive snapshot;
  catalog::stored_stream_table table;
  bool is_new = false;
  engine::row_counts rows;
  std::string began_at;
  /// Why it can't go on from the snapshot.
  std::string reason;
};

/// Throws snapshot_corrupt unless the snapshot has the rows that were copied.
void check_beforehand(pqxx::dbtransaction& tx, const archive& snapshot);

/// Gives the stream table the snapshot's rows, by what its own differ in. For a
/// table that is new they are verified on the way: throws snapshot_corrupt.
void apply_rows(pqxx::dbtransaction& tx, restore_work& work);

/// Gives the arrangements of `program` the rows that they had.
void apply_arrangements(pqxx::dbtransaction& tx, const restore_work& work,
                        const refresh_program& program);

/// Indexes and statistics; they come after the rows.
void finish(pqxx::dbtransaction& tx, const restore_work& work,
            const refresh_program& program);

} // namespace pgtrickle::snapshots
