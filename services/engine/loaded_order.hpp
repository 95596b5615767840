#pragma once
// The first statement of a refresh.

#include "services/engine/staged_programs.hpp"
#include "services/engine/work_item.hpp"

namespace pgtrickle::engine {

/// Loads the stream tables of an order, in its order; those that are gone are
/// left out. For one that is alone and was refreshed in this session before,
/// the same round trip finds out whether what it reads has changed, and opens
/// its history row if it has. Asks for `system_identifier`, the PostgreSQL
/// cluster's, if that is empty.
[[nodiscard]] result<std::vector<work_item>>
load_order(postgres::session& db, const refresh_order& order,
           const staged_programs& programs, std::string& system_identifier,
           ownership fence);

} // namespace pgtrickle::engine
