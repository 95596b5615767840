#include "emission.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

plan_ptr numbers_up_to_amount(bool keeps_input) {
  return node_of(lateral{scan_of_orders(),
                         "(SELECT n AS c1 FROM generate_series(1, i.c2) AS n)",
                         {scan_of_customers()->columns[0]},
                         keeps_input},
                 3);
}

} // namespace

TEST_CASE("a lateral relation is applied to the changes") {
  const auto emitted = emission_of(*numbers_up_to_amount(false));
  CHECK(emitted.lines == "\n");
  CHECK(emitted.relation == R"((SELECT i.c1, i.c2, f.c1 AS c3, i.__weight
      FROM Δorders i
      JOIN LATERAL (SELECT n AS c1
      FROM generate_series(1, i.c2) AS n) f ON true))");
  CHECK(emitted.counts == std::vector<std::string>{"#orders"});
}

TEST_CASE("a kept row is padded with nulls where its relation is empty") {
  CHECK(emission_of(*numbers_up_to_amount(true))
          .relation.starts_with(R"((SELECT i.c1, i.c2, f.c1 AS c3, i.__weight
      FROM Δorders i
      LEFT JOIN LATERAL )"));
}
