#pragma once
// Parts of a plan that are the same.

#include "services/query/plan.hpp"

namespace pgtrickle {

/// `root` with one node for all nodes that give the same rows in the same way:
/// such a part is differentiated once, and remembers what it does once. What a
/// recursion consists of stays as it is.
[[nodiscard]] plan_ptr with_shared_parts(const plan_ptr& root);

} // namespace pgtrickle
