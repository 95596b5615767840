#pragma once

#include <string>
#include <vector>

namespace pgtrickle::test::driver {

/// A query whose rows are what should not be there when all is quiet.
struct remainder {
  std::string what;
  std::string query;
};

[[nodiscard]] const std::vector<remainder>& what_may_not_stay();

} // namespace pgtrickle::test::driver
