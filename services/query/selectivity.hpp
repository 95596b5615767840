#pragma once
// What share of the rows a condition is likely to leave.

#include "pg_query.pb.h"

#include <functional>

namespace pgtrickle {

/// `distinct` tells how many values a column has; 0: unknown.
using distinct_values = std::function<double(const pg_query::ColumnRef&)>;

/// The share of a table's rows that `condition`, over its columns, leaves: more
/// than 0 and at most 1. A guess, with which rows are joined first.
[[nodiscard]] double share_of(const pg_query::Node& condition,
                              const distinct_values& distinct);

} // namespace pgtrickle
