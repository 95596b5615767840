// What no operator covers, and that the rest of the query stays covered.

#include "shop.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace pgtrickle::shop;

TEST_CASE("what no operator covers is opaque and says why") {
  const std::pair<const char*, const char*> cases[] = {
    {"WITH x AS (SELECT 1) SELECT o.id FROM public.orders o", "WITH"},
    {"SELECT o.id FROM public.orders o INTERSECT "
     "SELECT c.id FROM public.customers c",
     "INTERSECT"},
    {"SELECT o.id FROM public.orders o EXCEPT "
     "SELECT c.id FROM public.customers c",
     "EXCEPT"},
    {"SELECT o.id FROM public.orders o ORDER BY o.id LIMIT 3", "LIMIT"},
    {"VALUES (1, 2)", "VALUES"},
    {"SELECT 1", "no FROM"},
    {"SELECT o.id FROM public.orders o WINDOW w AS (ORDER BY o.id)", "WINDOW"},
    {"SELECT DISTINCT ON (o.customer) o.id FROM public.orders o",
     "DISTINCT ON"},
    {"SELECT o.customer FROM public.orders o GROUP BY ROLLUP (o.customer)",
     "GROUPING SETS"},
    {"SELECT o.id FROM public.orders o WHERE o.customer IN "
     "(SELECT c.id FROM public.customers c)",
     "subquery in an expression"},
    {"SELECT row_number() OVER (ORDER BY o.id) FROM public.orders o",
     "window function row_number"},
    {"SELECT generate_series(1, o.id) FROM public.orders o",
     "set-returning function generate_series"},
    {"SELECT o.id FROM public.orders o "
     "LEFT JOIN public.customers c ON c.id = o.customer",
     "outer join"},
    {"SELECT o.id FROM public.orders o, LATERAL "
     "(SELECT c.id FROM public.customers c WHERE c.id = o.id) x",
     "LATERAL"},
    {"SELECT o.id FROM ONLY public.orders o", "ONLY"},
    {"SELECT o.a FROM public.orders o(a)", "column aliases of a table"},
    {"SELECT j.id FROM (public.orders o JOIN public.customers c USING (id)) j",
     "alias of a join"},
    {"SELECT x.id FROM x", "relation x is not a table"},
    {"SELECT x.n FROM generate_series(1, 3) x(n)",
     "a FROM item that is neither table, subquery nor join"},
    {"SELECT o FROM public.orders o", "a reference that is not a plain column"},
    {"SELECT DISTINCT c.extra FROM public.customers c",
     "DISTINCT over type json"},
    {"SELECT count(*) FROM public.customers c GROUP BY c.extra",
     "GROUP BY over type json"},
  };
  for (const auto& [sql, reason] : cases) {
    CAPTURE(sql);
    CHECK(opaque_parts(sql) == reason);
  }
}

TEST_CASE("an opaque part keeps the query's text and knows its tables") {
  const auto plan = plan_of("SELECT o.id, c.name FROM public.orders o "
                            "LEFT JOIN public.customers c "
                            "ON c.id = o.customer");
  CHECK(to_text(*plan)
        == "opaque (outer join): SELECT * FROM (SELECT o.id, c.name "
           "FROM public.orders o LEFT JOIN public.customers c "
           "ON c.id = o.customer) AS o(c1, c2)\n");
  CHECK(tables_of(*plan) == std::set<oid>{orders, customers});
}

TEST_CASE("only the level that no operator covers is opaque") {
  CHECK(plan_text("SELECT x.id, count(*) FROM (SELECT o.id FROM public.orders "
                  "o ORDER BY o.id LIMIT 3) x "
                  "JOIN public.customers c ON c.id = x.id GROUP BY x.id")
        == R"(
project i.c1, i.c2
  aggregate by [i.c1]: count(*)
    project i.c1
      inner join on (r.c1 = l.c1)
        opaque (LIMIT): SELECT * FROM (SELECT o.id FROM public.orders o ORDER BY o.id LIMIT 3) AS o(c1)
        scan public.customers
)");
}

TEST_CASE("a view is opaque and depends on the tables that it reads") {
  const auto plan = plan_of("SELECT v.id FROM public.late_orders v");
  CHECK("\n" + to_text(*plan) == R"(
project i.c1
  opaque (view public.late_orders): SELECT "id" AS c1 FROM public.late_orders
)");
  CHECK(tables_of(*plan) == std::set<oid>{orders});
}
