// What no stream table may hold, or no differential one: what
// docs/sql-support.md says about them.

#include "test/engine/support/groups.hpp"

namespace pgtrickle::test {

construct_group refused_constructs() {
  return {
    "What no stream table may hold, or no differential one",
    {
      {"a volatile function", R"(SELECT id, random() AS luck FROM customer)"},
      {"a stable function of the clock",
       R"(SELECT id, now() AS at FROM customer)"},
      {"TABLESAMPLE", R"(SELECT id FROM customer TABLESAMPLE BERNOULLI (50))"},
      {"LIMIT without ORDER BY", R"(SELECT id FROM customer LIMIT 5)"},
      {"FOR UPDATE", R"(SELECT id FROM customer FOR UPDATE)"},
      {"two columns of one name", R"(SELECT id, id FROM customer)"},
      {"a statement that is no query", R"(DELETE FROM customer)"},
    }};
}

} // namespace pgtrickle::test
