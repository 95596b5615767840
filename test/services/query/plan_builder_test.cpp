// From the canonical text of a query to its plan: FROM, WHERE, the outputs,
// DISTINCT and set operations.

#include "services/query/parse_tree.hpp"
#include "shop.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace pgtrickle::shop;

TEST_CASE("a WHERE clause is a filter below the projection") {
  CHECK(plan_text("SELECT o.id, o.amount * 2 AS twice FROM public.orders o "
                  "WHERE o.amount > 10")
        == R"(
project i.c1, i.c3 * 2
  filter (i.c3 > 10)
    scan public.orders
)");
}

TEST_CASE("each condition of a join is placed as early as its columns allow") {
  CHECK(plan_text("SELECT o.id, c.name FROM public.orders o "
                  "JOIN public.customers c ON c.id = o.customer "
                  "WHERE o.amount > 10 AND c.name <> 'x' "
                  "AND o.note <> c.name")
        == R"(
project i.c1, i.c5
  inner join on (l.c3 <> r.c2) AND (r.c1 = l.c2)
    project i.c1, i.c2, i.c4
      filter (i.c3 > 10)
        scan public.orders
    project i.c1, i.c2
      filter (i.c2 <> 'x')
        scan public.customers
)");
}

TEST_CASE("relations that share a condition are joined before those that "
          "don't") {
  CHECK(plan_text("SELECT a.id FROM public.orders a, public.orders b, "
                  "public.customers c "
                  "WHERE c.id = a.customer AND b.customer = c.id")
        == R"(
project i.c1
  inner join on (r.c2 = l.c2)
    project i.c1, i.c5
      inner join on (r.c1 = l.c2)
        scan public.orders
        scan public.customers
    scan public.orders
)");
}

TEST_CASE(
  "a selection leads to what refers to it, and carries what is needed") {
  CHECK(plan_text("SELECT o.id FROM public.orders o, public.customers c "
                  "WHERE c.id = o.customer AND c.name = 'x'")
        == R"(
project i.c2
  inner join on (l.c1 = r.c2)
    project i.c1
      filter (i.c2 = 'x')
        scan public.customers
    scan public.orders
)");
}

TEST_CASE("what each alternative demands of a relation is a condition of it") {
  CHECK(plan_text("SELECT o.id FROM public.orders o, public.customers c "
                  "WHERE c.id = o.customer AND o.amount > 1 "
                  "OR c.id = o.customer AND o.amount > 2 AND c.name = 'x'")
        == R"(
project i.c1
  inner join on (r.c1 = l.c2) AND (l.c3 > 1 OR (l.c3 > 2 AND r.c2 = 'x'))
    project i.c1, i.c2, i.c3
      filter (i.c3 > 1 OR i.c3 > 2)
        scan public.orders
    scan public.customers
)");
}

TEST_CASE("relations without a condition are joined on true") {
  CHECK(plan_text("SELECT o.id FROM public.orders o, public.customers c") == R"(
project i.c1
  inner join on true
    scan public.orders
    scan public.customers
)");
}

TEST_CASE("USING compares the column of both sides") {
  CHECK(plan_text("SELECT o.id FROM public.orders o "
                  "JOIN public.customers c USING (id)")
        == R"(
project i.c1
  inner join on (l.c1 = r.c1)
    scan public.orders
    scan public.customers
)");
}

TEST_CASE("a subquery in FROM is an input like a table") {
  CHECK(plan_text("SELECT x.twice, x.id FROM "
                  "(SELECT o.id, o.amount * 2 AS twice FROM public.orders o) x "
                  "WHERE x.twice > 10")
        == R"(
project i.c2, i.c1
  filter (i.c2 > 10)
    project i.c1, i.c3 * 2
      scan public.orders
)");
}

TEST_CASE("DISTINCT is over the outputs") {
  CHECK(plan_text("SELECT DISTINCT o.customer FROM public.orders o") == R"(
distinct
  project i.c2
    scan public.orders
)");
}

TEST_CASE("the arms of UNION ALL are cast to the types of the result") {
  CHECK(plan_text("SELECT o.id FROM public.orders o UNION ALL "
                  "SELECT c.id + 1 FROM public.customers c")
        == R"(
union all
  project (i.c1)::bigint
    project i.c1
      scan public.orders
  project i.c1 + 1
    scan public.customers
)");
}

TEST_CASE("UNION is UNION ALL made distinct") {
  CHECK(plan_text("SELECT o.id + 0 FROM public.orders o UNION "
                  "SELECT c.id + 0 FROM public.customers c")
        == R"(
distinct
  union all
    project i.c1 + 0
      scan public.orders
    project i.c1 + 0
      scan public.customers
)");
}

TEST_CASE("an output that is a plain column keeps what is known of it") {
  const auto plan
    = plan_of("SELECT o.amount, o.id, o.id + 1 FROM public.orders o");
  REQUIRE(plan->columns.size() == 3);
  CHECK(plan->columns[0] == money);
  CHECK(plan->columns[1] == whole_number);
  CHECK(plan->columns[2].type == "bigint");
  CHECK_FALSE(plan->columns[2].not_null);
}

TEST_CASE("a key lasts as long as all its columns are among the outputs") {
  using positions = std::vector<std::size_t>;
  CHECK(plan_of("SELECT o.note, o.id FROM public.orders o")->key
        == positions{1});
  CHECK(plan_of("SELECT o.note FROM public.orders o")->key.empty());
  CHECK(
    plan_of("SELECT o.id, c.id FROM public.orders o, public.customers c")->key
    == positions{0, 1});
  CHECK(plan_of("SELECT o.id FROM public.orders o, public.customers c")
          ->key.empty());
  CHECK(plan_of("SELECT DISTINCT o.note, o.customer FROM public.orders o")->key
        == positions{0, 1});
}

TEST_CASE("a relation whose changes can't be captured is refused") {
  auto known = facts();
  known.relations[{"public", "orders"}].kind = 'f';
  const auto plan
    = build_plan(parse_select("SELECT o.id FROM public.orders o").value(),
                 known, describe_as_bigint());
  REQUIRE_FALSE(plan);
  CHECK(plan.error().code == errc::unsupported_query);
  CHECK(plan.error().message == "public.orders: its changes can't be captured");
}
