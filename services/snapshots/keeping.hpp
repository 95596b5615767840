#pragma once
// Snapshots by the clock: taken when they are due, thinned, and let go of.

#include "services/scheduling/schedule.hpp"
#include "services/snapshots/snapshots.hpp"

#include <chrono>
#include <optional>

namespace pgtrickle::snapshots {

/// Whether a snapshot is due `now`, after one that was begun at `last`; without
/// one, it is.
[[nodiscard]] bool is_due(const schedule& when,
                          std::optional<std::chrono::sys_seconds> last,
                          std::chrono::sys_seconds now);

/// What a look at the clock came to.
struct keeping {
  std::vector<std::string> taken;
  /// Snapshots that are more than their stream tables keep.
  int dropped = 0;
  /// Snapshots whose changes are not kept any longer.
  std::int64_t let_go = 0;
  /// There is a snapshot, or a schedule of some: the clock has to be looked at.
  bool is_needed = false;
  /// One for each stream table whose snapshot could not be taken.
  std::vector<failure> failures;
};

/// Takes the snapshots that are due by the snapshot_schedule of their stream
/// tables, drops the oldest of those beyond snapshot_keep, and lets go of
/// changes by pg_trickle.snapshot_change_retention. What fails is told by an
/// alert.
[[nodiscard]] result<keeping> keep(postgres::session& db, ownership fence);

} // namespace pgtrickle::snapshots
