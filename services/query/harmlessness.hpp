#pragma once
// Which conditions can be asked of any row, also of one that came and went
// between two refreshes and that the query itself never met.

#include "pg_query.pb.h"

namespace pgtrickle {

/// Whether `condition`, of a query in canonical form, can't fail for any values
/// of its columns: it does nothing but compare them.
[[nodiscard]] bool never_fails(const pg_query::Node& condition);

} // namespace pgtrickle
