#pragma once
// The parts of the list, one file each.

#include "test/engine/support/constructs.hpp"

namespace pgtrickle::test {

[[nodiscard]] construct_group relations_constructs();
[[nodiscard]] construct_group subqueries_constructs();
[[nodiscard]] construct_group aggregates_constructs();
[[nodiscard]] construct_group rows_constructs();
[[nodiscard]] construct_group with_constructs();
[[nodiscard]] construct_group refused_constructs();

} // namespace pgtrickle::test
