#pragma once
// Taking over a database that was loaded from a dump.

#include "services/engine/adoption_gate.hpp"
#include "services/engine/stream_table.hpp"
#include "services/postgres/session.hpp"

#include <string>
#include <vector>

namespace pgtrickle::engine {

/// Whether the database of `db` holds stream tables of another catalog; if so,
/// how far their loading seems to have come. `first_seen` is when this was
/// first asked, as PostgreSQL prints it; it is set by the first call.
[[nodiscard]] result<std::optional<restore_progress>>
watch_restore(postgres::session& db, std::string& first_seen);

/// What became of the stream tables of a dump.
struct adoption_report {
  /// Names of those that go on where they were.
  std::vector<std::string> continued;
  /// Those that the next refresh fills anew, each with the reason.
  std::vector<std::string> reinitialised;
  /// Those whose table is not there: they are forgotten.
  std::vector<std::string> forgotten;
};

/// Puts the oids of this database in the place of the former ones: in the
/// catalog, in capture, change buffers and programs. What each stream table had
/// still to consume, it consumes next; so does it what was captured since the
/// dump was loaded. One transaction: it is done as a whole or not at all, and
/// a database that needs it no more is left alone. Waits for the writers of all
/// sources. Errors: lock_unavailable, fenced.
[[nodiscard]] result<adoption_report> adopt_restored(postgres::session& db,
                                                     ownership fence);

} // namespace pgtrickle::engine
