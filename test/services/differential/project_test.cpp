#include "emission.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

TEST_CASE("a projected change keeps its weight") {
  const auto emitted
    = emission_of(*node_of(project{scan_of_orders(), {"i.c2", "i.c1 * 2"}}, 2));
  CHECK(emitted.lines == "\n");
  CHECK("\n" + emitted.relation + "\n" == R"(
(SELECT i.c2 AS c1, i.c1 * 2 AS c2, i.__weight
      FROM Δorders i)
)");
  CHECK(emitted.counts == std::vector<std::string>{"#orders"});
}

TEST_CASE("a change of no columns is its weight alone") {
  CHECK(emission_of(*node_of(project{scan_of_orders(), {}}, 0)).relation
        == "(SELECT i.__weight\n      FROM Δorders i)");
}
