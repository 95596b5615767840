// What no operator covers, and that the rest of the query stays covered.

#include "shop.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace pgtrickle::shop;

TEST_CASE("what no operator covers is opaque and says why") {
  const std::pair<const char*, const char*> cases[] = {
    {"SELECT o.id FROM ONLY public.orders o", "ONLY"},
    {"SELECT o FROM public.orders o", "a reference that is not a plain column"},
    {"SELECT o.id FROM public.orders o ORDER BY o.id LIMIT o.id",
     "LIMIT by an expression"},
    {"SELECT o.id FROM public.orders o ORDER BY o.id USING < LIMIT 1",
     "ORDER BY USING"},
    {"SELECT j.a FROM (public.orders o JOIN public.customers c USING (id)) "
     "j(a)",
     "column aliases of a join that merges columns"},
    {"SELECT o.id FROM public.orders o LEFT JOIN public.customers c "
     "ON c.id = (SELECT max(x.id) FROM public.orders x)",
     "subquery in the condition of an outer join"},
    {"SELECT o.id FROM public.orders o FULL JOIN public.customers c "
     "ON c.id < o.id",
     "FULL JOIN without an equality of its sides"},
    {"SELECT o.id FROM public.orders o WHERE (o.id, o.customer) < ANY "
     "(SELECT c.id, c.id FROM public.customers c)",
     "a comparison of rows other than ="},
    {"SELECT (o.id, o.customer) = (SELECT c.id, c.id FROM public.customers c) "
     "FROM public.orders o",
     "a comparison of rows with a subquery"},
    {"SELECT DISTINCT c.extra FROM public.customers c",
     "DISTINCT over type json"},
    {"SELECT count(*) FROM public.customers c GROUP BY c.extra",
     "GROUP BY over type json"},
    {"SELECT c.id FROM public.customers c EXCEPT "
     "SELECT o.id FROM ONLY public.orders o",
     "ONLY"},
    {"WITH RECURSIVE w(n) AS (SELECT c.id FROM public.customers c UNION "
     "SELECT max(w.n) OVER () FROM w) SELECT w.n FROM w",
     "recursion through more than joins"},
  };
  for (const auto& [sql, reason] : cases) {
    CAPTURE(std::string{sql});
    CHECK(opaque_parts(sql) == reason);
  }
}

TEST_CASE("an opaque part keeps the query's text and knows its tables") {
  const auto plan = plan_of("SELECT o.id, c.name FROM ONLY public.orders o "
                            "JOIN public.customers c ON c.id = o.customer");
  CHECK(to_text(*plan)
        == "opaque (ONLY): SELECT * FROM (SELECT o.id, c.name "
           "FROM ONLY public.orders o JOIN public.customers c "
           "ON c.id = o.customer) AS o(c1, c2)\n");
  CHECK(tables_of(*plan) == std::set<oid>{orders, customers});
}

TEST_CASE("a join that PostgreSQL can't make by itself takes the query around "
          "it along") {
  // What reads the result needs no row of `o` alone: a right join will do.
  const auto plan = plan_of(
    "SELECT n.id FROM public.customers n JOIN (SELECT c.id FROM public.orders "
    "o FULL JOIN public.customers c ON o.id = 1) f ON f.id = n.id");
  CHECK(std::holds_alternative<opaque>(plan->node));
}

TEST_CASE("only the level that no operator covers is opaque") {
  CHECK(plan_text("SELECT x.id, count(*) FROM (SELECT o.id FROM ONLY "
                  "public.orders o) x "
                  "JOIN public.customers c ON c.id = x.id GROUP BY x.id")
        == R"(
project i.c1, i.c2
  aggregate by [i.c1]: count(*)
    project i.c1
      inner join on (r.c1 = l.c1)
        opaque (ONLY): SELECT * FROM (SELECT o.id FROM ONLY public.orders o) AS o(c1)
        scan public.customers
)");
}

TEST_CASE("what reads no table is a constant") {
  CHECK(opaque_parts("SELECT 1") == "");
  CHECK(opaque_parts("VALUES (1, 2)") == "");
  CHECK(opaque_parts("SELECT x.n FROM generate_series(1, 3) x(n)") == "");
}

TEST_CASE("a view over tables that the reader may not read is opaque") {
  const auto plan = plan_of("SELECT v.id FROM public.late_orders v");
  CHECK("\n" + to_text(*plan) == R"(
project i.c1
  opaque (view public.late_orders): SELECT "id" AS c1 FROM public.late_orders
)");
  CHECK(tables_of(*plan) == std::set<oid>{orders});
}
