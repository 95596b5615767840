#pragma once
// What a definition must be like before anything is made of it. Each check
// throws invalid_argument or what it says.

#include "services/engine/stream_table.hpp"
#include "services/postgres/session.hpp"

namespace pgtrickle::engine {

/// Throws query_too_large beyond 1 MB.
void check_size(const std::string& query);

void check_mode(const std::string& mode);

void check_schedule(pqxx::dbtransaction& tx,
                    const std::optional<std::string>& text);

/// A duration of at least 1 s, a cron expression, or `none`.
void check_snapshot_schedule(const std::string& text);

/// An IMMEDIATE stream table follows its sources by itself, whatever the time
/// or the daemon's state.
void check_immediate(const stream_table_change& change);

} // namespace pgtrickle::engine
