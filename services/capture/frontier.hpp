#pragma once

#include <compare>
#include <optional>
#include <string>

namespace pgtrickle {

/// Up to where a stream table has consumed its sources: an MVCC snapshot.
///
/// A change belongs to the next delta if its transaction is visible to the
/// refresh and was not visible to this snapshot. The refresh's own transaction,
/// whose changes to upstream stream tables are consumed on the spot, lies
/// outside its snapshot and is remembered beside it.
struct frontier {
  /// As pg_snapshot prints it: xmin:xmax:xip,…
  std::string snapshot;
  /// The refresh's own transaction, if it wrote.
  std::optional<std::string> own_xid;

  auto operator<=>(const frontier&) const = default;
};

/// The condition on a change buffer's rows that they lie beyond `since`: over
/// an index on __xid, which pg_visible_in_snapshot can't use.
[[nodiscard]] std::string beyond(const frontier& since);

/// The first transaction that had not begun.
[[nodiscard]] std::string first_unseen(const frontier& since);

/// The transactions that had begun and not ended: an array, as text.
[[nodiscard]] std::string open_in(const frontier& since);

} // namespace pgtrickle
