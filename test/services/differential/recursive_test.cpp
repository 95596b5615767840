#include "emission.hpp"
#include "services/differential/recursion_lookups.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

/// Orders as edges from customer to amount, and the paths along them.
plan_ptr paths(bool distinct) {
  const auto self = node_of(recursion{"t"}, 2);
  const auto steps
    = node_of(inner_join{self, scan_of_orders(), "(l.c2 = r.c1)"}, 4);
  return node_of(recursive{scan_of_orders(),
                           node_of(project{steps, {"i.c1", "i.c4"}}, 2), self,
                           distinct},
                 2);
}

using columns = std::vector<std::vector<std::size_t>>;

columns lookups_by(const std::string& condition) {
  const auto self = node_of(recursion{"t"}, 3);
  const auto turned = node_of(project{self, {"i.c3", "(i.c1 + 1)", "i.c2"}}, 3);
  const auto root = node_of(inner_join{scan_of_orders(), turned, condition}, 5);
  auto lookups = recursion_lookups(*root, *self);
  return lookups;
}

} // namespace

TEST_CASE("a recursion begins with what the sources' changes make of the old "
          "result") {
  const auto emitted = emission_of(*paths(true));
  CHECK(emitted.has(R"(r.__weight AS __weight
      FROM (SELECT a.c1, a.c2
      FROM state.recursion a) l
      JOIN Δorders r ON (l.c2 = r.c1)')"));
  CHECK(emitted.has(
    R"(RUN INSERT INTO derivations SELECT d.c1, d.c2, d.__weight, ' || t3 || '
      FROM (SELECT c1, c2, __weight
      FROM Δorders i
      UNION ALL
      SELECT c1, c2, __weight
      FROM (SELECT i.c1 AS c1, i.c4 AS c2, i.__weight
      FROM ' || t4 || ' i) i) d;)"));
}

TEST_CASE("rows that lost a derivation go, and round by round what followed "
          "from them") {
  const auto emitted = emission_of(*paths(true));
  CHECK(emitted.has(R"(
      FROM derivations
      WHERE __round = ' || n3 || ' AND __weight < 0 LIMIT ' || n || ')';)"));
  CHECK(emitted.has(R"(RUN INSERT INTO gone SELECT a.c1, a.c2, ' || t3 || '
      FROM (SELECT DISTINCT *
      FROM ' || t6 || ' x) d
      JOIN state.recursion a ON a.c1 = d.c1 AND a.c2 = d.c2)"));
  CHECK(emitted.has(
    R"(RUN INSERT INTO derivations SELECT s.c1, s.c2, -1, ' || t3 || '
      FROM (SELECT i.c1 AS c1, i.c4 AS c2
      FROM (SELECT l.c1, l.c2, r.c1 AS c3, r.c2 AS c4
      FROM ' || t6 || ' l
      JOIN (SELECT "customer" AS c1, "amount" AS c2
      FROM public.orders) r ON (l.c2 = r.c1)) i) s;)"));
}

TEST_CASE("a row comes back for a derivation from rows that stayed") {
  CHECK(emission_of(*paths(true)).has(R"(
      FROM (SELECT x.c1, x.c2, sum(x.__weight) AS __weight
      FROM derivations x
      GROUP BY x.c1, x.c2) d
      LEFT JOIN state.recursion a ON a.c1 = d.c1 AND a.c2 = d.c2
      WHERE coalesce(a.__n, 0) + d.__weight > 0 AND (a.__n IS NULL OR EXISTS (SELECT
      FROM gone g)"));
}

TEST_CASE("a recursion that keeps copies hands changes of both signs on") {
  const auto emitted = emission_of(*paths(false));
  CHECK(emitted.has(
    R"(RUN INSERT INTO wave SELECT d.c1, d.c2, sign(d.__weight), ' || t3 || '
      FROM (SELECT i.c1, i.c2, sum(i.__weight)::bigint AS __weight
      FROM (SELECT s.*, 1 AS __weight)"));
  CHECK(emitted.has("SELECT s.*, -1 AS __weight"));
  CHECK(emitted.has("GROUP BY i.c1, i.c2 HAVING sum(i.__weight) <> 0) d, "
                    "generate_series(1, abs(d.__weight))"));
}

TEST_CASE("a recursion without an end is an error that says what to do") {
  CHECK(emission_of(*paths(true)).has("HINT = 'Bound the recursion"));
  CHECK(emission_of(*paths(false)).has("HINT = 'Write UNION instead"));
}

TEST_CASE("a step's own columns that a join sets equal to others are indexed") {
  CHECK(lookups_by("(l.c1 = r.c1)") == columns{{2}});
  CHECK(lookups_by("((l.c1 = r.c3) AND (r.c1 = (l.c2)::bigint))")
        == columns{{2, 1}});
}

TEST_CASE("a step is not looked up by what is no column of its own") {
  CHECK(lookups_by("(l.c1 = r.c2)").empty());
  CHECK(lookups_by("(r.c1 = r.c3)").empty());
  CHECK(lookups_by("((l.c1 = r.c1) OR (l.c1 = r.c3))").empty());
  CHECK(lookups_by("(l.c1 < r.c1)").empty());
}
