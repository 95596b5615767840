// From the canonical text of a query to its plan: GROUP BY, HAVING and
// aggregates.

#include "shop.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace pgtrickle::shop;

namespace {

/// The aggregate's one call in the plan of `SELECT <call> FROM orders o`.
aggregate_call call_of(const std::string& call) {
  const auto root = plan_of("SELECT " + call + " FROM public.orders o");
  const auto& output = std::get<project>(root->node);
  return std::get<aggregate>(output.input->node).calls.at(0);
}

} // namespace

TEST_CASE("an aggregate reads its keys, then its arguments") {
  CHECK(plan_text("SELECT sum(o.amount * 2) AS total, o.customer "
                  "FROM public.orders o WHERE o.id > 7 GROUP BY o.customer")
        == R"(
project i.c2, i.c1
  aggregate by [i.c1]: sum(i.c2)
    project i.c2, i.c3 * 2
      filter (i.c1 > 7)
        scan public.orders
)");
}

TEST_CASE("HAVING filters the groups and its aggregates are not repeated") {
  CHECK(plan_text("SELECT o.customer, count(*) FROM public.orders o "
                  "GROUP BY o.customer "
                  "HAVING count(*) > 1 AND max(o.id) < 9")
        == R"(
project i.c1, i.c2
  filter i.c2 > 1 AND i.c3 < 9
    aggregate by [i.c1]: count(*), max(i.c2)
      project i.c2, i.c1
        scan public.orders
)");
}

TEST_CASE("outputs may compute with keys and aggregates") {
  CHECK(plan_text("SELECT o.customer % 10, 1 + sum(o.amount) / count(*) "
                  "FROM public.orders o GROUP BY (o.customer % 10)")
        == R"(
project i.c1, 1 + (i.c2 / i.c3)
  aggregate by [i.c1]: sum(i.c2), count(*)
    project i.c2 % 10, i.c3
      scan public.orders
)");
}

TEST_CASE("a column that depends on the keys becomes one") {
  CHECK(plan_text("SELECT o.id, o.note, count(*) FROM public.orders o "
                  "GROUP BY o.id")
        == R"(
project i.c1, i.c2, i.c3
  aggregate by [i.c1, i.c2]: count(*)
    project i.c1, i.c4
      scan public.orders
)");
}

TEST_CASE("an aggregate without keys has one row whatever it reads") {
  CHECK(plan_text("SELECT count(*) FROM public.orders o")
        == "\nproject i.c1\n"
           "  aggregate by []: count(*)\n"
           "    project \n"
           "      scan public.orders\n");
}

TEST_CASE("a FILTER condition is computed below the aggregate") {
  CHECK(plan_text("SELECT count(*) FILTER (WHERE o.amount > 5) "
                  "FROM public.orders o")
        == R"(
project i.c1
  aggregate by []: count(*) FILTER (WHERE i.c1)
    project i.c3 > 5
      scan public.orders
)");
  const auto call = call_of("count(*) FILTER (WHERE o.amount > 5)");
  CHECK(call.kind == aggregate_kind::count);
  CHECK(call.argument == -1);
  CHECK(call.condition == 0);
}

TEST_CASE("an aggregate that only the group's rows tell is marked") {
  CHECK(plan_text("SELECT string_agg(o.note, ',' ORDER BY o.id) "
                  "FROM public.orders o")
        == R"(
project i.c1
  aggregate by []: string_agg(i.c1, i.c2 ORDER BY i.c3) (touched groups recomputed)
    project i.c4, ',', i.c1
      scan public.orders
)");
}

TEST_CASE("sums of exact numbers follow from changes and others don't") {
  CHECK(call_of("sum(o.id)").kind == aggregate_kind::sum);
  CHECK(call_of("sum(o.amount)").kind == aggregate_kind::sum);
  CHECK(call_of("avg(o.amount)").kind == aggregate_kind::average);
  CHECK(call_of("sum(DISTINCT o.id)").kind == aggregate_kind::recomputed);
  CHECK(call_of("max(o.note)").kind == aggregate_kind::maximum);
  CHECK(call_of("public.median(o.id)").kind == aggregate_kind::recomputed);
}

TEST_CASE("deviations tell sample from population") {
  const auto call = call_of("stddev(o.id)");
  CHECK(call.kind == aggregate_kind::variance);
  CHECK(call.sample);
  CHECK(call.square_root);
}

TEST_CASE("direct arguments of an ordered-set aggregate stay with the call") {
  CHECK(call_of("percentile_cont(0.5) WITHIN GROUP (ORDER BY o.id)").sql
        == "percentile_cont(0.5) WITHIN GROUP (ORDER BY i.c1)");
}

TEST_CASE("only a count is never null") {
  const auto plan = plan_of("SELECT o.customer, count(*), sum(o.amount) "
                            "FROM public.orders o GROUP BY o.customer");
  CHECK(plan->columns[0].not_null);
  CHECK(plan->columns[1].not_null);
  CHECK_FALSE(plan->columns[2].not_null);
  CHECK(plan->key == std::vector<std::size_t>{0});
}
