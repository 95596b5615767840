#pragma once

#include "services/differential/program.hpp"
#include "services/engine/work_item.hpp"

#include <pqxx/pqxx>

namespace pgtrickle::engine {

/// Brings one stream table up to the transaction's snapshot, and says in
/// `item.outcome` how. The catalog is left to the caller.
void refresh_one(pqxx::dbtransaction& tx, work_item& item,
                 const refresh_program& program);

/// Makes what was filled fast to search and to plan: indexes, statistics.
void finish_fill(pqxx::dbtransaction& tx, const refresh_program& program,
                 const std::string& table);

} // namespace pgtrickle::engine
