#pragma once
// Snapshots: copies of stream tables that know their position in the history of
// their sources, and the way back from them. What the functions of the same
// names in schema pgtrickle do.

#include "services/engine/stream_table.hpp"
#include "services/postgres/session.hpp"

#include <string>
#include <vector>

namespace pgtrickle::snapshots {

/// Copies the stream table into a new archival table: `target` if given, else
/// one in schema pgtrickle with a name that says what and when. Returns its
/// name, quoted and qualified. Rows, frontier and catalog row are those of one
/// moment; refreshes go on meanwhile.
/// Errors: stream_table_not_found, permission_denied, wrong_state (never
/// filled), snapshot_already_exists.
[[nodiscard]] result<std::string> take(postgres::session& db, const caller& by,
                                       const std::string& name,
                                       const std::optional<std::string>& target,
                                       ownership fence);

/// What a restore did, and what is left to do for it.
struct restoration {
  stream_table_id id{};
  /// Refreshes can't go on from the snapshot: the stream table is marked for
  /// re-initialisation, and holds the snapshot's rows, or those that it had,
  /// until that is done.
  bool must_refresh = false;
  std::vector<std::string> notices;
};

/// Gives the stream table the rows and the frontier of the snapshot `source`;
/// creates it if no relation has its name. Nothing has changed when it fails.
/// Errors: snapshot_source_not_found, snapshot_schema_version_mismatch,
/// snapshot_corrupt, permission_denied, those of create_stream_table.
[[nodiscard]] result<restoration>
restore(postgres::session& db, const caller& by, const std::string& name,
        const std::string& source, ownership fence);

/// Where a stream table was brought back to.
struct rewinding {
  /// The time that was asked for if PostgreSQL tracks commit timestamps, else
  /// that of the last refresh before it.
  std::string reached;
  /// What the caller is to know.
  std::string notice;
};

/// Gives the stream table the rows that its query had at `time` (a timestamptz,
/// as text), and suspends it there. Needs a snapshot that keeps the changes
/// since before then. Errors: invalid_argument (with the range that can be
/// reached), wrong_state, unsupported_query.
[[nodiscard]] result<rewinding>
restore_to(postgres::session& db, const caller& by, const std::string& name,
           const std::string& time, ownership fence);

/// Drops a registered snapshot: catalog row, table and arrangements, or what of
/// them is left. Errors: snapshot_source_not_found, permission_denied.
[[nodiscard]] result<void> drop(postgres::session& db, const caller& by,
                                const std::string& snapshot, ownership fence);

/// What the rows of a snapshot came to when they were counted again.
struct verification {
  std::int64_t row_count = 0;
  std::string content_hash;
  /// What differs from the header; empty: nothing.
  std::string detail;
};

/// Counts and hashes the rows of a snapshot, registered or not.
/// Errors: snapshot_source_not_found, permission_denied.
[[nodiscard]] result<verification>
verify(postgres::session& db, const caller& by, const std::string& snapshot);

/// Registers a table that carries a snapshot's header as its comment. Returns
/// its name. Errors: as restore, and snapshot_already_exists.
[[nodiscard]] result<std::string> adopt(postgres::session& db, const caller& by,
                                        const std::string& table,
                                        ownership fence);

} // namespace pgtrickle::snapshots
