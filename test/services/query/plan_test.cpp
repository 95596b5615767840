#include "services/query/plan.hpp"

#include "shop.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace pgtrickle::shop;

TEST_CASE("the rows of a plan are one SELECT over the tables") {
  CHECK(current(*plan_of("SELECT o.id FROM public.orders o WHERE o.id > 7"))
        == R"((SELECT i.c1 AS c1 FROM (SELECT * FROM )"
           R"((SELECT "id" AS c1, "customer" AS c2, "amount" AS c3, )"
           R"("note" AS c4 FROM public.orders) i WHERE (i.c1 > 7)) i))");
}

TEST_CASE("a node whose rows are stored is not computed") {
  const auto root = plan_of("SELECT o.id FROM public.orders o WHERE o.id > 7");
  const auto* input = std::get<project>(root->node).input.get();
  CHECK(current(*root, {{input, "pgtrickle_state.kept"}})
        == "(SELECT i.c1 AS c1 FROM pgtrickle_state.kept i)");
}

TEST_CASE("an aggregate is grouped by the positions of its keys") {
  const auto root = plan_of("SELECT o.note, count(*) FROM public.orders o "
                            "GROUP BY o.note");
  const auto& output = std::get<project>(root->node);
  const auto* input = std::get<aggregate>(output.input->node).input.get();
  CHECK(current(*output.input, {{input, "rows"}})
        == "(SELECT i.c1, count(*) AS c2 FROM rows i GROUP BY i.c1)");
}

TEST_CASE("a table that is read twice is one source") {
  const auto root = plan_of("SELECT a.id FROM public.orders a "
                            "JOIN public.orders b ON b.id = a.customer");
  CHECK(tables_of(*root) == std::set<oid>{orders});
  const auto scans = scans_of(*root);
  REQUIRE(scans.size() == 1);
  CHECK(scans.at(orders).columns.size() == 4);
}
