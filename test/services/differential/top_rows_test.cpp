#include "emission.hpp"

#include <doctest/doctest.h>

#include <cstdint>

using namespace pgtrickle;

namespace {

plan_ptr largest(std::uint64_t count, std::uint64_t offset) {
  return node_of(
    top_rows{scan_of_orders(), {"i.c2 DESC NULLS LAST"}, count, offset}, 2);
}

} // namespace

TEST_CASE("of the rows that come those that sort before the prefix's last one "
          "reach it, of those that go those that it has") {
  CHECK(emission_of(*largest(10, 5)).has(R"(
  IF #orders > 0 THEN
    STAGE reaching AS (WITH d AS MATERIALIZED (SELECT *
      FROM (SELECT i.c1, i.c2, sum(i.__weight)::bigint AS __weight
      FROM Δorders i
      GROUP BY i.c1, i.c2 HAVING sum(i.__weight) <> 0) c) SELECT i.c1, i.c2, i.__weight
      FROM (SELECT i.*, bool_or(i.__stored) OVER (ORDER BY i.c2 DESC NULLS LAST RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS __reaches
      FROM ((SELECT i.*, false AS __stored
      FROM d i
      WHERE i.__weight > 0 ORDER BY i.c2 DESC NULLS LAST LIMIT 47)
      UNION ALL
      SELECT s.c1, s.c2, 1, true
      FROM state.prefix s) i) i
      WHERE NOT i.__stored AND (i.__reaches OR (SELECT count(*)
      FROM state.prefix) < 15)
      UNION ALL
      SELECT d.c1, d.c2, -least(-d.__weight, s.__weight)
      FROM d
      JOIN (SELECT i.c1, i.c2, sum(i.__weight)::bigint AS __weight
      FROM (SELECT s.c1, s.c2, 1 AS __weight
      FROM state.prefix s) i
)"));
}

TEST_CASE("a prefix that no longer reaches the slice's end is read again") {
  CHECK(emission_of(*largest(10, 5)).has(R"(
      IF n5 >= 15 AND n < 15 THEN
        RUN DELETE FROM state.prefix;
        RUN INSERT INTO state.prefix SELECT *
      FROM (SELECT "customer" AS c1, "amount" AS c2
      FROM public.orders) i ORDER BY i.c2 DESC NULLS LAST LIMIT 47;
      END IF;
      IF n > 47 THEN
)"));
}

TEST_CASE("a prefix holds twice the slice, and 32 rows more than it at least") {
  CHECK(emission_of(*largest(10, 0)).has("LIMIT 42"));
  CHECK(emission_of(*largest(60, 40)).has("LIMIT 200"));
  CHECK(emission_of(*largest(INT64_MAX, 7))
          .has("OFFSET " + std::to_string(INT64_MAX)));
}

TEST_CASE("the change of a slice is its difference from what it was") {
  const auto emitted = emission_of(*largest(10, 5));
  CHECK(emitted.has(R"(
      FROM (SELECT q.*, 1 AS __weight
      FROM (SELECT *
      FROM state.prefix i ORDER BY i.c2 DESC NULLS LAST, i.c1, i.c2 LIMIT 10 OFFSET 5) q
      UNION ALL
      SELECT s.c1 AS c1, s.c2 AS c2, -1
      FROM state.slice s) i
)"));
  CHECK(emitted.has("DELETE FROM state.slice s USING"));
  CHECK(emitted.relation == "top_rows");
  CHECK(emitted.counts == std::vector<std::string>{"#top_rows"});
}

TEST_CASE("no rows never change") {
  const auto emitted = emission_of(*largest(0, 5));
  CHECK(emitted.lines == "\n");
  CHECK(emitted.relation.find("WHERE false") != std::string::npos);
}
