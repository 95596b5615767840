#pragma once
// Alerts wait in the database until the bus has them.

#include "services/engine/stream_table.hpp"
#include "services/postgres/session.hpp"

#include <string>
#include <vector>

namespace pgtrickle::observation {

struct outbox_alert {
  std::int64_t id = 0;
  std::string event;
  /// JSON text.
  std::string payload;
  /// By the database's clock, as RFC 3339 has it.
  std::string written_at;
};

/// The alerts that were not published, oldest first, at most `limit`.
[[nodiscard]] result<std::vector<outbox_alert>>
unpublished_alerts(postgres::session& db, int limit);

/// Writes scheduler_falling_behind, of so many workers at work, orders that
/// wait and orders that are late.
[[nodiscard]] result<void>
tell_falling_behind(postgres::session& db, std::uint32_t workers,
                    std::uint32_t waiting, std::uint32_t late, ownership fence);

/// Marks the alerts as published.
[[nodiscard]] result<void> mark_published(postgres::session& db,
                                          const std::vector<std::int64_t>& ids,
                                          ownership fence);

} // namespace pgtrickle::observation
