#pragma once

#include "services/coordination/fleet_view.hpp"

#include <string>
#include <vector>

namespace pgtrickle {

/// What cluster_worker_summary answers: a JSON array with an object for each
/// database.
[[nodiscard]] std::string
worker_summary(const std::vector<fleet_view::row>& rows);

/// What metrics_summary answers: the same, and an object without db_name for
/// all of them. What a silent owner counted counts in the total, what it was
/// doing does not.
[[nodiscard]] std::string
metrics_summary(const std::vector<fleet_view::row>& rows);

} // namespace pgtrickle
