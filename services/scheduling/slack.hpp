#pragma once

#include "services/scheduling/scheduled_table.hpp"

#include <chrono>

namespace pgtrickle {

/// For how long a refresh that is due may wait for a worker before that shows:
/// as long as the table may wait for changes by its target lag, or by its
/// schedule if that is shorter. When there are too few workers, those with the
/// most slack wait. `calculated`: the interval of a calculated schedule.
[[nodiscard]] std::chrono::milliseconds
slack_of(const scheduled_table& table, std::chrono::milliseconds calculated);

} // namespace pgtrickle
