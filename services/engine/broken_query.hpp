#pragma once
// A query that can't be compiled any more.

#include "services/engine/refresh.hpp"

#include <string>

namespace pgtrickle::engine {

/// Compiling the query again, because of `why`, ended with `error`. If that is
/// the query's fault and not a passing one, the table is broken and `error`
/// says why and what to do.
void blame_query(refresh_outcome& outcome, failure& error,
                 const std::string& why);

} // namespace pgtrickle::engine
