#pragma once

#include <string>

namespace pgtrickle::test::driver {

/// Whether users that act at random, with faults, may get this SQLSTATE. Others
/// tell of a mistake of the product: internal errors, broken constraints, SQL
/// that it generated wrongly.
[[nodiscard]] bool is_tolerated(const std::string& sqlstate);

} // namespace pgtrickle::test::driver
