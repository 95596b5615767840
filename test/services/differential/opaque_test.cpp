#include "emission.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

plan_ptr late_orders(std::set<oid> tables) {
  return node_of(opaque{"SELECT * FROM late", std::move(tables), "LIMIT"}, 1);
}

} // namespace

TEST_CASE("an opaque query is run again when one of its tables has changed") {
  const auto emitted = emission_of(*late_orders({100, 200}));
  CHECK(emitted.has("IF changes[1] + changes[2] > 0 THEN"));
  CHECK(emitted.has(R"(
    STAGE opaque AS (SELECT i.c1, sum(i.__weight)::bigint AS __weight
      FROM (SELECT q.*, 1 AS __weight
      FROM (SELECT *
      FROM late) q
      UNION ALL
      SELECT s.c1 AS c1, -1
      FROM state.opaque s) i
      GROUP BY i.c1 HAVING sum(i.__weight) <> 0);
)"));
  CHECK(emitted.relation == "opaque");
  CHECK(emitted.counts == std::vector<std::string>{"#opaque"});
}

TEST_CASE("the rows that an opaque query gave are kept up to date") {
  const auto emitted = emission_of(*late_orders({100}));
  CHECK(emitted.has("IF #opaque > 0 THEN"));
  CHECK(emitted.has("DELETE FROM state.opaque s USING"));
  CHECK(emitted.has("INSERT INTO state.opaque (c1)"));
}

TEST_CASE("an opaque query without tables never changes") {
  const auto emitted = emission_of(*late_orders({}));
  CHECK(emitted.lines == "\n");
}
