#pragma once
// By which columns the step of a recursion looks its own rows up.

#include "services/query/plan.hpp"

#include <vector>

namespace pgtrickle {

/// For each join between the root of `step` and its leaf `self`: the columns of
/// `self` that the join's condition sets equal to something of the other side.
/// Joins that have none, or whose columns an index can't hold, are left out.
[[nodiscard]] std::vector<std::vector<std::size_t>>
recursion_lookups(const plan& step, const plan& self);

} // namespace pgtrickle
