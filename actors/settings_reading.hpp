#pragma once

#include "actors/daemon_context.hpp"
#include "messages/interfaces.hpp"

#include <string>

namespace pgtrickle {

/// Reads the settings of a database as a session sees them that begins now, and
/// tells the watcher. Waits for a connection, so on a thread of its own: an
/// owner that waited would be taken for dead.
void begin_reading_settings(const context_ptr& context,
                            const std::string& database,
                            const watcher_actor& watcher);

} // namespace pgtrickle
