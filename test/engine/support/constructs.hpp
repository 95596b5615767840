#pragma once
// What docs/sql-support.md lists.

#include <string>
#include <vector>

namespace pgtrickle::test {

/// A construct of SQL, with a query over the tables of `shop` that has it.
struct construct {
  std::string name;
  std::string query;
};

struct construct_group {
  std::string title;
  std::vector<construct> constructs;
};

[[nodiscard]] std::vector<construct_group> all_constructs();

/// Views and types that the queries read.
[[nodiscard]] std::string construct_setup();

} // namespace pgtrickle::test
