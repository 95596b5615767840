#pragma once
// Archival tables and their rows in the catalog.

#include "services/catalog/stream_table_store.hpp"
#include "services/engine/stream_table.hpp"
#include "services/snapshots/header.hpp"
#include "services/snapshots/snapshots.hpp"

#include <pqxx/pqxx>

#include <optional>

namespace pgtrickle::snapshots {

/// An archival table, as it was found.
struct archive {
  /// 0: it was dropped by hand.
  oid relid = 0;
  /// Quoted and qualified.
  std::string name;
  /// Absent: it is not registered.
  std::optional<std::int64_t> id;
  header contents;
  std::vector<std::string> arrangements;
  std::string plan_shape;
  /// Its position today, jsonb: that of the header, or where a dump that it
  /// came with was loaded to.
  std::string frontier;
};

/// Finds a snapshot by the name of its table as `by` would use it, or as it is
/// registered. Throws snapshot_source_not_found, and permission_denied unless
/// `by` may read the table.
[[nodiscard]] archive find(pqxx::dbtransaction& tx, const caller& by,
                           const std::string& name);

/// As `find`, and throws snapshot_source_not_found if the table was dropped.
[[nodiscard]] archive find_kept(pqxx::dbtransaction& tx, const caller& by,
                                const std::string& name);

/// Throws permission_denied unless `by` owns the archival table or, when it is
/// gone, had the rights of the stream table's owner.
void check_may_drop(pqxx::dbtransaction& tx, const caller& by,
                    const archive& snapshot);

/// What tells definitions apart: of the defining query and the columns.
[[nodiscard]] std::string fingerprint(pqxx::dbtransaction& tx,
                                      const header& of);

/// The columns of a relation in their order.
[[nodiscard]] std::vector<column> columns_of(pqxx::dbtransaction& tx,
                                             oid relation);

/// Copies the `columns` of all rows of `table` into `target`, a table without
/// index and constraint that the transaction has made, and counts and hashes
/// them on the way.
[[nodiscard]] verification copy_rows(pqxx::dbtransaction& tx,
                                     const std::string& table,
                                     const std::vector<column>& columns,
                                     const std::string& target);

/// Counts and hashes, and says what differs from the header.
[[nodiscard]] verification verified(pqxx::dbtransaction& tx,
                                    const archive& snapshot);

/// Writes the header into the catalog and into the table's comment, and what
/// its program reads. Returns the snapshot's id.
std::int64_t record(pqxx::dbtransaction& tx, stream_table_id of,
                    const archive& snapshot,
                    const std::string& unpinned_reason);

/// Writes the alert snapshot_restored. `reason`: why `table` does not go on
/// from there; empty: it does.
void tell_restored(pqxx::dbtransaction& tx,
                   const catalog::stored_stream_table& table,
                   const archive& from, const std::string& reason);

/// As `verified`, and throws snapshot_corrupt if anything differs.
void check_rows(pqxx::dbtransaction& tx, const archive& snapshot);

/// As `copy_rows` from the snapshot. Throws snapshot_corrupt if these are not
/// the rows that were copied into it.
void copy_checked_rows(pqxx::dbtransaction& tx, const archive& snapshot,
                       const std::string& target);

} // namespace pgtrickle::snapshots
