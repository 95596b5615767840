#include "emission.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

/// GROUP BY customer over orders, with one call of amount.
plan_ptr by_customer(aggregate_kind kind, const std::string& sql) {
  aggregate_call call;
  call.kind = kind;
  call.sql = sql;
  call.argument = 1;
  return node_of(aggregate{scan_of_orders(), 1, {call}}, 2);
}

plan_ptr total_by_customer() {
  return by_customer(aggregate_kind::sum, "sum(i.c2)");
}

plan_ptr least_by_customer() {
  return by_customer(aggregate_kind::minimum, "min(i.c2)");
}

plan_ptr number_of_orders() {
  aggregate_call call;
  call.kind = aggregate_kind::count;
  call.sql = "count(*)";
  return node_of(aggregate{scan_of_orders(), 0, {call}}, 1);
}

} // namespace

TEST_CASE("a sum follows from its groups' states and changes") {
  CHECK(emission_of(*total_by_customer()).lines == R"(
  IF #orders > 0 THEN
    STAGE groups AS (SELECT x.c1, x.__at, x.__was, x.__n, x.o1, x.s1_n, x.s1_sum, CASE WHEN x.s1_n > 0 THEN x.s1_sum::integer END, false
      FROM (SELECT CASE WHEN a.__n IS NULL THEN g.c1 ELSE a.c1 END AS c1, a.ctid AS __at, a.__n IS NOT NULL AS __was, coalesce(a.__n, 0) + coalesce(g.__n, 0) AS __n, a.v1 AS o1, coalesce(a.s1_n, 0) + g.s1_n AS s1_n, coalesce(a.s1_sum, 0) + g.s1_sum AS s1_sum
      FROM (SELECT i.c1, sum(i.__weight)::bigint AS __n, coalesce(sum(i.__weight) FILTER (WHERE i.c2 IS NOT NULL), 0)::bigint AS s1_n, coalesce(sum(CASE i.__weight WHEN 1 THEN i.c2::numeric WHEN -1 THEN -i.c2::numeric ELSE i.__weight * i.c2::numeric END), 0) AS s1_sum
      FROM Δorders i
      GROUP BY i.c1) g
      LEFT JOIN state.groups a ON a.c1 = g.c1) x);
    RUN MERGE INTO state.groups a USING groups n ON a.ctid = n.__at
      WHEN MATCHED AND n.__n = 0 THEN DELETE
      WHEN MATCHED THEN UPDATE SET __n = n.__n, v1 = n.v1, s1_n = n.s1_n, s1_sum = n.s1_sum
      WHEN NOT MATCHED AND n.__n <> 0 THEN INSERT (c1, __n, v1, s1_n, s1_sum) VALUES (n.c1, n.__n, n.v1, n.s1_n, n.s1_sum);
  END IF;
)");
}

TEST_CASE("a group's old row goes and its new one comes if they differ") {
  const auto emitted = emission_of(*total_by_customer());
  CHECK("\n" + emitted.relation + "\n" == R"(
(SELECT n.c1, n.o1 AS c2, -1::bigint AS __weight
      FROM groups n
      WHERE n.__was AND (NOT n.__was OR n.__n = 0 OR ROW(n.o1) IS DISTINCT FROM ROW(n.v1))
      UNION ALL
      SELECT n.c1, n.v1 AS c2, 1::bigint AS __weight
      FROM groups n
      WHERE n.__n > 0 AND (NOT n.__was OR n.__n = 0 OR ROW(n.o1) IS DISTINCT FROM ROW(n.v1)))
)");
  CHECK(emitted.counts == std::vector<std::string>{"#groups"});
}

TEST_CASE("without keys there is one group that never goes") {
  const auto emitted = emission_of(*number_of_orders());
  CHECK(emitted.has("LEFT JOIN state.groups a ON true"));
  CHECK_FALSE(emitted.has("THEN DELETE"));
  CHECK(emitted.relation.find("WHERE true AND") != std::string::npos);
}

TEST_CASE("an extreme follows from what came and went beside the old one") {
  const auto emitted = emission_of(*least_by_customer());
  CHECK(emitted.has("min(i.c2) FILTER (WHERE i.__weight > 0) AS s1_came, "
                    "min(i.c2) FILTER (WHERE i.__weight < 0) AS s1_went"));
  CHECK(emitted.has("least(x.o1, x.s1_came)"));
}

TEST_CASE("rows that came and went don't count for an extreme") {
  CHECK(emission_of(*least_by_customer())
          .has("GROUP BY i.c1, i.c2 HAVING sum(i.__weight) <> 0) i"));
}

TEST_CASE("a group that lost its extreme is read again and no other") {
  const auto emitted = emission_of(*least_by_customer());
  CHECK(emitted.has("coalesce(x.s1_went <= x.o1 "
                    "AND NOT coalesce(x.s1_came <= x.o1, false), false)"));
  CHECK(emitted.has(R"(
    n := (SELECT count(*)
      FROM groups n
      WHERE n.__redo);
    IF n > 0 THEN
      STAGE values AS (SELECT n.__id, min(i.c2)
      FROM groups n
      JOIN (SELECT "customer" AS c1, "amount" AS c2
      FROM public.orders) i ON i.c1 = n.c1
      WHERE n.__redo AND n.__n > 0 AND true
      GROUP BY n.__id);
      STAGE groups AS (SELECT n.c1, n.__at, n.__was, n.__n, n.o1, CASE WHEN r.__id IS NULL THEN n.v1 ELSE r.v1 END, n.__redo, n.__id
      FROM groups n
      LEFT JOIN values r USING (__id));
    END IF;
)"));
}

TEST_CASE("every touched group of the user's own aggregate is read again") {
  const auto emitted
    = emission_of(*by_customer(aggregate_kind::recomputed, "median(i.c2)"));
  CHECK(emitted.has("x.o1, NULL, true, row_number() OVER ()\n"));
  CHECK(emitted.has("STAGE values AS (SELECT n.__id, median(i.c2)\n"));
}
