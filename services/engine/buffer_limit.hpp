#pragma once

#include "services/engine/stream_table.hpp"
#include "services/postgres/session.hpp"

namespace pgtrickle::engine {

/// Writes an alert for each change buffer that reaches 80 % of
/// pg_trickle.max_change_buffer_mb. From those beyond the limit it drops what
/// they hold, and has the stream tables that had not consumed it filled again.
/// Returns how many parts of buffers were emptied.
[[nodiscard]] result<std::int64_t> enforce_buffer_limit(postgres::session& db,
                                                        ownership fence);

} // namespace pgtrickle::engine
