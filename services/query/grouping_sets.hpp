#pragma once
// GROUP BY as sets of keys.

#include "pg_query.pb.h"

#include <vector>

namespace pgtrickle {

/// The keys of each grouping set of `query`, in the order of GROUP BY; without
/// GROUP BY one empty set.
[[nodiscard]] std::vector<std::vector<pg_query::Node>>
grouping_sets_of(const pg_query::SelectStmt& query);

/// Whether GROUPING(…) is called.
[[nodiscard]] bool
has_grouping_calls(const std::vector<pg_query::Node>& expressions);

/// Replaces each different GROUPING(…) in `expressions` by a position, from
/// `first` on. Returns their arguments.
[[nodiscard]] std::vector<std::vector<pg_query::Node>>
take_grouping_calls(std::vector<pg_query::Node>& expressions,
                    std::size_t first);

} // namespace pgtrickle
