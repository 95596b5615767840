#include "emission.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

emission matched(const std::string& condition, bool anti = false) {
  return emission_of(*node_of(
    semi_join{scan_of_orders(), scan_of_customers(), condition, anti}, 2));
}

} // namespace

TEST_CASE("a semi join looks for matches of changed rows and of old ones whose "
          "matches changed") {
  CHECK(matched("l.c1 = r.c1").lines == R"(
  t3 := '';
  IF #orders > 0 THEN
    t3 := t3 || '
      UNION ALL
      SELECT l.c1, l.c2, l.__weight AS __weight
      FROM Δorders l
      WHERE EXISTS (SELECT
      FROM (SELECT "id" AS c1
      FROM public.customers) r
      WHERE l.c1 = r.c1)';
  END IF;
  IF #customers > 0 THEN
    STAGE moved AS (SELECT i.c1, sum(i.__weight)::bigint AS __weight
      FROM Δcustomers i
      GROUP BY i.c1 HAVING sum(i.__weight) <> 0);
    IF #moved > 0 THEN
      t6 := 'SELECT l.c1, l.c2, 1::bigint AS __weight
      FROM (SELECT "customer" AS c1, "amount" AS c2
      FROM public.orders) l
      WHERE EXISTS (SELECT
      FROM moved r
      WHERE l.c1 = r.c1)';
      IF #orders > 0 THEN
        t6 := t6 || '
      UNION ALL
      SELECT l.c1, l.c2, -l.__weight AS __weight
      FROM Δorders l
      WHERE EXISTS (SELECT
      FROM moved r
      WHERE l.c1 = r.c1)';
      END IF;
      STAGE touched AS (SELECT *, row_number() OVER ()
      FROM (SELECT i.c1, i.c2, sum(i.__weight)::bigint AS __weight
      FROM (' || t6 || ') i
      GROUP BY i.c1, i.c2 HAVING sum(i.__weight) <> 0) d);
      IF #touched > 0 THEN
        STAGE shifted AS (SELECT l.c1, l.c2, l.__weight, l.__id, d.shift
      FROM touched l
      JOIN (SELECT l.__id, sum(r.__weight) AS shift
      FROM touched l
      JOIN moved r ON l.c1 = r.c1
      GROUP BY l.__id) d ON d.__id = l.__id
      WHERE d.shift <> 0);
        IF #shifted > 0 THEN
          t3 := t3 || '
      UNION ALL
      SELECT l.c1, l.c2, -l.__weight AS __weight
      FROM shifted l
      WHERE l.__shift < 0 AND NOT EXISTS (SELECT
      FROM (SELECT "id" AS c1
      FROM public.customers) r
      WHERE l.c1 = r.c1)';
          t8 := 'SELECT l.c1, l.c2, l.__weight AS __weight
      FROM shifted l
      WHERE l.__shift > 0 AND NOT EXISTS (SELECT
      FROM (SELECT "id" AS c1
      FROM public.customers) r
      WHERE l.c1 = r.c1 OFFSET l.__shift)';
          IF #shifted > 1 THEN
            t9 := 'SELECT l.c1, l.c2, l.__weight AS __weight
      FROM (SELECT l.__id, count(*) AS n
      FROM shifted l
      JOIN (SELECT "id" AS c1
      FROM public.customers) r ON l.c1 = r.c1
      WHERE l.__shift > 0
      GROUP BY l.__id) m, shifted l
      WHERE m.__id = l.__id AND m.n = l.__shift';
            IF pgtrickle._cost(t9, kept) * 4 < pgtrickle._cost(t8, kept) THEN
              t8 := t9;
            END IF;
          END IF;
          t3 := t3 || '
      UNION ALL
      ' || t8;
        END IF;
      END IF;
    END IF;
  END IF;
  t3 := CASE t3 WHEN '' THEN '(SELECT NULL::integer AS c1, NULL::integer AS c2, NULL::bigint AS __weight
      WHERE false)' ELSE '(' || substr(t3, 12) || ')' END;
)");
}

TEST_CASE("equality of all that moved tells at once how many matches came") {
  const auto emitted = emission_of(*node_of(
    semi_join{
      scan_of_orders(), scan_of_customers(), "l.c1 = r.c1", false, {{0, 0}}},
    2));
  CHECK(emitted.has(R"(
      t6 := 'SELECT l.c1, l.c2, r.__weight AS c3, 1::bigint AS __weight
      FROM (SELECT "customer" AS c1, "amount" AS c2
      FROM public.orders) l
      JOIN moved r ON l.c1 = r.c1';
)"));
  CHECK(emitted.has("STAGE shifted AS (SELECT d.c1, d.c2, d.__weight, "
                    "row_number() OVER (), d.c3\n"));
  CHECK_FALSE(emitted.has("touched"));
}

TEST_CASE("what moved leads to old rows where another condition stands beside "
          "an equality") {
  const auto emitted
    = emission_of(*node_of(semi_join{scan_of_customers(),
                                     scan_of_orders(),
                                     "l.c1 = r.c1 AND l.c1 <> r.c2",
                                     false,
                                     {{0, 0}}},
                           1));
  CHECK(emitted.has(R"(l
      JOIN (SELECT DISTINCT r.c1
      FROM moved r) m ON m.c1 = l.c1
      WHERE EXISTS ()"));
}

TEST_CASE("a match more is a row more where there is one at most") {
  const auto emitted = emission_of(*node_of(semi_join{scan_of_orders(),
                                                      scan_of_customers(),
                                                      "l.c1 = r.c1",
                                                      false,
                                                      {{0, 0}},
                                                      true},
                                            2));
  CHECK(emitted.has(R"(
      SELECT l.c1, l.c2, r.__weight AS __weight
      FROM (SELECT "customer" AS c1, "amount" AS c2
      FROM public.orders) l
      JOIN Δcustomers r ON l.c1 = r.c1';
    IF #orders > 0 THEN
      t3 := t3 || '
      UNION ALL
      SELECT l.c1, l.c2, (-l.__weight * r.__weight) AS __weight
      FROM Δorders l
      JOIN Δcustomers r ON l.c1 = r.c1';
)"));
  CHECK_FALSE(emitted.has("shifted"));
}

TEST_CASE("the old and the new value of one row are compared at once") {
  const auto average = node_of(
    aggregate{
      scan_of_customers(),
      0,
      {{.kind = aggregate_kind::average, .sql = "avg(i.c1)", .argument = 0}}},
    1);
  CHECK(
    emission_of(
      *node_of(
        semi_join{scan_of_orders(), average, "l.c2 > r.c1", false, {}, true},
        2))
      .has("r\n      WHERE l.c2 > r.c1) r\n      WHERE r.__weight <> 0'"));
}

TEST_CASE("only rows between the old and the new value of one row are looked "
          "at") {
  const auto average = node_of(
    aggregate{
      scan_of_customers(),
      0,
      {{.kind = aggregate_kind::average, .sql = "avg(i.c1)", .argument = 0}}},
    1);
  const auto emitted = emission_of(*node_of(
    semi_join{
      scan_of_orders(), average, "l.c2 > r.c1", false, {}, true, {{1, 0}}},
    2));
  CHECK(emitted.has("r.c1 IS NULL);\n    IF n = 0 THEN\n"));
  CHECK(emitted.has(
    "AND l.c2 BETWEEN (SELECT r.c1\n      FROM delta r ORDER BY r.c1 LIMIT 1) "
    "AND (SELECT r.c1\n      FROM delta r ORDER BY r.c1 DESC LIMIT 1)"));
}

TEST_CASE("a semi join changes when one of its sides does") {
  CHECK(matched("l.c1 = r.c1").counts
        == std::vector<std::string>{"#orders", "#customers"});
}

TEST_CASE("an anti join has the rows without a match") {
  const auto emitted = matched("l.c1 = r.c1", true);
  CHECK(emitted.has("FROM Δorders l\n      WHERE NOT EXISTS (SELECT\n"));
  CHECK(emitted.has("SELECT l.c1, l.c2, l.__weight AS __weight\n"
                    "      FROM shifted l\n      WHERE l.__shift < 0 AND"));
  CHECK(emitted.has("SELECT l.c1, l.c2, -l.__weight AS __weight\n"
                    "      FROM shifted l\n      WHERE l.__shift > 0 AND"));
}

TEST_CASE("a change that the condition can't see moves nothing") {
  CHECK(emission_of(*node_of(semi_join{scan_of_customers(), scan_of_orders(),
                                       "l.c1 = r.c1", false},
                             1))
          .has(R"(
    STAGE moved AS (SELECT i.c1, sum(i.__weight)::bigint AS __weight
      FROM Δorders i
      GROUP BY i.c1 HAVING sum(i.__weight) <> 0);
)"));
}

TEST_CASE("a condition over the other side alone lets the first or last match "
          "flip all rows") {
  CHECK(matched("r.c1 > 3").has(R"(
    IF #moved > 0 THEN
      n4 := (SELECT (CASE WHEN d.n > 0 AND NOT EXISTS (SELECT
      FROM (SELECT "id" AS c1
      FROM public.customers) r
      WHERE r.c1 > 3 OFFSET d.n) THEN 1 WHEN d.n < 0 AND NOT EXISTS (SELECT
      FROM (SELECT "id" AS c1
      FROM public.customers) r
      WHERE r.c1 > 3) THEN -1 ELSE 0 END)::bigint
      FROM (SELECT sum(r.__weight) AS n
      FROM moved r
      WHERE r.c1 > 3) d);
      IF n4 <> 0 THEN
        t5 := n4::text;
        t3 := t3 || '
      UNION ALL
      SELECT l.c1, l.c2, ' || t5 || ' AS __weight
      FROM (SELECT "customer" AS c1, "amount" AS c2
      FROM public.orders) l
      WHERE true';
        IF #orders > 0 THEN
          t3 := t3 || '
      UNION ALL
      SELECT l.c1, l.c2, -l.__weight * ' || t5 || ' AS __weight
      FROM Δorders l
      WHERE true';
        END IF;
      END IF;
    END IF;
)"));
}

TEST_CASE("a condition over the kept side alone flips those that satisfy it") {
  const auto emitted = matched("l.c1 > 3", true);
  CHECK(
    emitted.has("STAGE moved AS (SELECT sum(i.__weight)::bigint AS __weight\n"
                "      FROM Δcustomers i HAVING sum(i.__weight) <> 0);"));
  CHECK(emitted.has("WHERE true OFFSET d.n) THEN -1 WHEN d.n < 0"));
  CHECK(emitted.has("FROM public.orders) l\n      WHERE l.c1 > 3';"));
}

TEST_CASE("a column that a constant mentions does no harm") {
  CHECK(matched("l.c1 = r.c1 AND 'r.c10' <> 'l.c25'")
          .has("STAGE moved AS (SELECT i.c1, sum("));
}
