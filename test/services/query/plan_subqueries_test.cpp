// From the canonical text of a query to its plan: subqueries.

#include "shop.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace pgtrickle::shop;

TEST_CASE("IN over rows that are there once is an inner join") {
  CHECK(plan_text("SELECT o.id FROM public.orders o WHERE o.customer IN "
                  "(SELECT c.id FROM public.customers c WHERE c.name = 'x')")
        == R"(
project i.c2
  inner join on (r.c2 = l.c1)
    project i.c1
      filter (i.c2 = 'x')
        scan public.customers
    scan public.orders
)");
}

TEST_CASE("IN over other rows is a semi join") {
  CHECK(plan_text("SELECT c.id FROM public.customers c WHERE c.id IN "
                  "(SELECT o.customer FROM public.orders o)")
        == R"(
project i.c1
  semi join on true AND (l.c1 = r.c2)
    scan public.customers
    scan public.orders
)");
}

TEST_CASE("a comparison with a subquery's value asks for a match") {
  CHECK(plan_text("SELECT o.id FROM public.orders o WHERE o.amount > "
                  "(SELECT max(p.amount) FROM public.orders p "
                  "WHERE p.customer = o.customer)")
        == R"(
project i.c1
  semi join on (r.c1 = l.c2) AND (l.c3 > r.c2)
    scan public.orders
    aggregate by [i.c1]: max(i.c2)
      project i.c2, i.c3
        scan public.orders
)");
}

TEST_CASE("the aggregate of a subquery is kept for what the outer rows ask") {
  CHECK(plan_text("SELECT c.id FROM public.customers c WHERE c.name = 'x' AND "
                  "7 < (SELECT max(o.amount) FROM public.orders o "
                  "WHERE o.customer = c.id)")
        == R"(
project i.c1
  semi join on (r.c1 = l.c1) AND (7 < r.c2)
    project i.c1
      filter (i.c2 = 'x')
        scan public.customers
    aggregate by [i.c1]: max(i.c2)
      project i.c3, i.c4
        inner join on (r.c2 = l.c1)
          project i.c1
            project i.c1
              filter (i.c2 = 'x')
                scan public.customers
          scan public.orders
)");
}

TEST_CASE("parts that are the same are one node") {
  const auto plan = plan_of("SELECT a.n, b.n AS m FROM "
                            "(SELECT count(*) AS n FROM public.orders o) a, "
                            "(SELECT count(*) AS n FROM public.orders p) b");
  const auto& pairs
    = std::get<inner_join>(std::get<project>(plan->node).input->node);
  CHECK(pairs.left == pairs.right);
}
