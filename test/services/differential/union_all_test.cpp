#include "emission.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

plan_ptr customers_of_orders() {
  return node_of(project{scan_of_orders(), {"i.c1"}}, 1);
}

} // namespace

TEST_CASE("the delta of a union is the deltas of its arms") {
  const auto emitted = emission_of(
    *node_of(union_all{{scan_of_customers(), customers_of_orders()}}, 1));
  CHECK(emitted.lines == "\n");
  CHECK("\n" + emitted.relation + "\n" == R"(
(SELECT i.c1, __weight
      FROM Δcustomers i
      UNION ALL
      SELECT i.c1, __weight
      FROM (SELECT i.c1 AS c1, i.__weight
      FROM Δorders i) i)
)");
}

TEST_CASE("a union changes when any of its arms does") {
  const auto emitted = emission_of(
    *node_of(union_all{{scan_of_customers(), customers_of_orders()}}, 1));
  CHECK(emitted.counts == std::vector<std::string>{"#customers", "#orders"});
}
