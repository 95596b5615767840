#pragma once
// Definition calls made inside a transaction block, after its COMMIT.

#include "services/engine/stream_table.hpp"
#include "services/postgres/session.hpp"

#include <optional>
#include <string>

namespace pgtrickle::observation {

struct pending_call {
  std::int64_t id = 0;
  std::string method;
  /// One JSON object.
  std::string arguments;
  caller by;
};

/// The oldest call that was neither carried out nor has failed.
[[nodiscard]] result<std::optional<pending_call>>
next_pending_call(postgres::session& db);

/// The call was carried out: its row goes.
[[nodiscard]] result<void> close_pending_call(postgres::session& db,
                                              std::int64_t id, ownership fence);

/// The call failed: its row keeps the error, and an alert tells of it.
[[nodiscard]] result<void> fail_pending_call(postgres::session& db,
                                             const pending_call& call,
                                             const failure& reason,
                                             ownership fence);

} // namespace pgtrickle::observation
