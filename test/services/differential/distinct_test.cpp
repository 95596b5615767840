#include "emission.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

emission distinct_customers() {
  return emission_of(*node_of(distinct{scan_of_customers()}, 1));
}

} // namespace

TEST_CASE("DISTINCT counts the copies of each row") {
  const auto emitted = distinct_customers();
  CHECK(emitted.has(R"(FROM (SELECT i.c1, sum(i.__weight)::bigint AS __n
      FROM Δcustomers i
      GROUP BY i.c1) g)"));
  CHECK(emitted.has("coalesce(a.__n, 0) + coalesce(g.__n, 0) AS __n"));
}

TEST_CASE("a row comes with its first copy and goes with its last") {
  CHECK("\n" + distinct_customers().relation + "\n" == R"(
(SELECT n.c1, -1::bigint AS __weight
      FROM groups n
      WHERE n.__was AND (NOT n.__was OR n.__n = 0)
      UNION ALL
      SELECT n.c1, 1::bigint AS __weight
      FROM groups n
      WHERE n.__n > 0 AND (NOT n.__was OR n.__n = 0))
)");
}
