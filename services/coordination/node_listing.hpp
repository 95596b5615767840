#pragma once

#include "services/coordination/node_view.hpp"

#include <string>

namespace pgtrickle {

/// What cluster_nodes answers: a JSON array with an object for each node.
[[nodiscard]] std::string to_json(const std::vector<node_view::node>& nodes);

} // namespace pgtrickle
