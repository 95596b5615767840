#include "emission.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

/// orders, and the rank of each among those alike at `partition`.
plan_ptr ranks(const plan_ptr& input, std::vector<std::size_t> partition) {
  auto columns = input->columns;
  columns.push_back({.type = "bigint", .eq = equality::exact});
  return std::make_shared<const plan>(
    plan{window{input, std::move(partition), {"rank() OVER w"}},
         std::move(columns), input->key});
}

} // namespace

TEST_CASE("the partitions that changes fall into are computed again") {
  const auto emitted = emission_of(*ranks(scan_of_orders(), {0}));
  CHECK(emitted.has(R"(
  IF #orders > 0 THEN
    STAGE touched AS (SELECT DISTINCT i.c1
      FROM (SELECT i.c1, i.c2, sum(i.__weight)::bigint AS __weight
      FROM Δorders i
      GROUP BY i.c1, i.c2 HAVING sum(i.__weight) <> 0) i);
    IF #touched > 0 THEN
      t5 := 'SELECT i.c1, i.c2
      FROM (SELECT "customer" AS c1, "amount" AS c2
      FROM public.orders) i
      JOIN touched t ON i.c1 = t.c1';
      STAGE window AS (SELECT i.c1, i.c2, i.c3, sum(i.__weight)::bigint AS __weight
      FROM (SELECT i.c1, i.c2, rank() OVER w AS c3, 1 AS __weight
      FROM (' || t5 || ') i
      UNION ALL
      SELECT s.c1, s.c2, s.c3, -1
      FROM state.window s
      JOIN touched t ON s.c1 = t.c1) i
      GROUP BY i.c1, i.c2, i.c3 HAVING sum(i.__weight) <> 0);
    END IF;
    IF #window > 0 THEN
)"));
  CHECK(emitted.relation == "window");
  CHECK(emitted.counts == std::vector<std::string>{"#window"});
}

TEST_CASE("the rows that windows gave are kept up to date") {
  const auto emitted = emission_of(*ranks(scan_of_orders(), {0}));
  CHECK(emitted.has("DELETE FROM state.window s USING"));
  CHECK(emitted.has("INSERT INTO state.window (c1, c2, c3)"));
  CHECK(emission_of(*ranks(scan_of_customers(), {0}))
          .has("MERGE INTO state.window s"));
}

TEST_CASE("the partition of a null is read when it is touched") {
  CHECK(emission_of(*ranks(scan_of_orders(), {1})).has(R"(
      n := (SELECT count(*)
      FROM touched t
      WHERE t.c2 IS NULL);
      IF n > 0 THEN
        t5 := t5 || '
      UNION ALL
      SELECT i.c1, i.c2
      FROM (SELECT "customer" AS c1, "amount" AS c2
      FROM public.orders) i
      WHERE i.c2 IS NULL';
      END IF;
)"));
}

TEST_CASE("a key of several columns with a null is found by its hash") {
  CHECK(emission_of(*ranks(scan_of_orders(), {0, 1})).has(R"(
      IF n > 0 THEN
        t5 := t5 || '
      UNION ALL
      SELECT i.c1, i.c2
      FROM (SELECT "customer" AS c1, "amount" AS c2
      FROM public.orders) i
      JOIN touched t ON pg_catalog.hash_record_extended(ROW(i.c1, i.c2), 0) = pg_catalog.hash_record_extended(ROW(t.c1, t.c2), 0) AND i.c1 IS NOT DISTINCT FROM t.c1 AND i.c2 IS NOT DISTINCT FROM t.c2
      WHERE t.c2 IS NULL';
      END IF;
)"));
}

TEST_CASE("without partitions all rows are computed again") {
  const auto emitted = emission_of(*ranks(scan_of_orders(), {}));
  CHECK(emitted.has(R"(
    n := (SELECT count(*)
      FROM (SELECT
      FROM (SELECT i.c1, i.c2, sum(i.__weight)::bigint AS __weight
      FROM Δorders i
      GROUP BY i.c1, i.c2 HAVING sum(i.__weight) <> 0) d LIMIT 1) d);
    IF n > 0 THEN
)"));
  CHECK(emitted.has("UNION ALL\n"
                    "      SELECT s.c1 AS c1, s.c2 AS c2, s.c3 AS c3, -1\n"
                    "      FROM state.window s) i"));
}

TEST_CASE("a partition column without equality is not told apart") {
  auto input = *scan_of_orders();
  input.columns[1].eq = equality::none;
  const auto orders = std::make_shared<const plan>(std::move(input));
  CHECK(emission_of(*ranks(orders, {0, 1}))
          .has("STAGE touched AS (SELECT DISTINCT i.c1\n"));
  CHECK_FALSE(emission_of(*ranks(orders, {1})).has("touched"));
}
