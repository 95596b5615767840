#pragma once
// What the history tells of a stream table's refreshes.

#include "services/core/ids.hpp"
#include "services/planning/cost_model.hpp"

#include <pqxx/pqxx>

namespace pgtrickle::engine {

/// The newest refreshes of `table` since its query or its sources last changed
/// their shape. What filled it stands for a full refresh until there was one.
[[nodiscard]] refresh_costs load_costs(pqxx::transaction_base& tx,
                                       stream_table_id table);

} // namespace pgtrickle::engine
