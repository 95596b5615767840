#include "emission.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

TEST_CASE("a filter keeps or drops a change and never alters its weight") {
  const auto emitted
    = emission_of(*node_of(filter{scan_of_orders(), "i.c2 > 10"}, 2));
  CHECK(emitted.lines == "\n");
  CHECK("\n" + emitted.relation + "\n" == R"(
(SELECT *
      FROM Δorders i
      WHERE i.c2 > 10)
)");
  CHECK(emitted.counts == std::vector<std::string>{"#orders"});
}
