#pragma once
// Tables whose files were replaced behind a transaction's snapshot.

#include "services/core/ids.hpp"
#include "services/postgres/session.hpp"

#include <set>

namespace pgtrickle::engine {

/// Fails with serialization_failure if one of `tables`, or a partition or child
/// of one, was truncated or written anew since the snapshot of `tx`: who reads
/// it afterwards by that snapshot finds no rows, and PostgreSQL does not say
/// so. What `tx` holds a lock on can't be.
void check_files(pqxx::dbtransaction& tx, const std::set<oid>& tables);

} // namespace pgtrickle::engine
