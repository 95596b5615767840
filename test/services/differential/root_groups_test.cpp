#include "emission.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

aggregate_call call_of(aggregate_kind kind, const std::string& sql,
                       int argument = -1) {
  aggregate_call call;
  call.kind = kind;
  call.sql = sql;
  call.argument = argument;
  return call;
}

aggregate_call count() { return call_of(aggregate_kind::count, "count(*)"); }
aggregate_call sum() { return call_of(aggregate_kind::sum, "sum(i.c2)", 1); }
aggregate_call average() {
  return call_of(aggregate_kind::average, "avg(i.c2)", 1);
}

/// The amount of each order is there, or may be null.
plan_ptr orders(bool has_amount = true) {
  auto rows = *scan_of_orders();
  rows.columns[1].not_null = has_amount;
  return std::make_shared<const plan>(std::move(rows));
}

plan_ptr by_customer(plan_ptr input, std::vector<aggregate_call> calls) {
  const auto width = 1 + calls.size();
  auto groups
    = *node_of(aggregate{std::move(input), 1, std::move(calls)}, width);
  groups.key = {0};
  return std::make_shared<const plan>(std::move(groups));
}

refresh_program program_of(const plan_ptr& root, bool immediate = false) {
  std::vector<std::string> columns{"customer", "A", "b", "c"};
  columns.resize(root->columns.size());
  return compile(*root,
                 {stream_table_id{7}, "public.kept", columns, immediate});
}

bool has(const refresh_program& program, const std::string& text) {
  return program.function_body.find(text) != std::string::npos;
}

} // namespace

TEST_CASE("groups are kept by the stream table if its rows tell their states") {
  const auto program = program_of(by_customer(orders(), {count(), sum()}));
  CHECK(program.state.empty());
  CHECK(has(program,
            R"(LEFT JOIN (SELECT s.ctid, s."A" AS __n, s."customer" AS c1, )"
            R"(s."A" AS v1, s."A" AS s1_n, s."b" AS v2, s."A" AS s2_n, )"
            R"(coalesce(s."b", 0)::numeric AS s2_sum FROM public.kept s) a )"
            "ON a.c1 = g.c1"));
  CHECK(has(program, R"( d ON s.ctid = d.__at WHEN MATCHED AND d.__n = 0 THEN )"
                     R"(DELETE WHEN MATCHED THEN UPDATE SET "A" = d.c2, )"
                     R"("b" = d.c3 WHEN NOT MATCHED AND d.__n > 0 THEN INSERT )"
                     R"(("customer", "A", "b") VALUES (d.c1, d.c2, d.c3))"));
}

TEST_CASE("an average follows from a sum and a count that are shown") {
  CHECK(program_of(by_customer(orders(), {average(), count(), sum()}))
          .state.empty());
}

TEST_CASE("groups whose rows do not tell their states have an arrangement") {
  for (const auto& root : {by_customer(orders(), {sum()}),
                           by_customer(orders(), {count(), average()}),
                           by_customer(orders(false), {count(), sum()})}) {
    const auto program = program_of(root);
    CHECK(program.state.size() == 1);
    CHECK(has(program, R"( d ON s."customer" = d.c1 WHEN MATCHED AND )"));
  }
}

TEST_CASE("groups that a writer keeps have an arrangement") {
  CHECK(program_of(by_customer(orders(), {count(), sum()}), true).state.size()
        == 1);
}

TEST_CASE("what a query makes of groups is written to their rows") {
  auto root = *node_of(
    project{by_customer(orders(), {sum()}), {"i.c2 * 2", "i.c1"}}, 2);
  root.key = {1};
  const auto program = program_of(std::make_shared<const plan>(root));
  CHECK(has(program, R"(USING (SELECT i.c2 * 2 AS c1, i.c1 AS c2, )"));
  CHECK(has(program, R"( d ON s."A" = d.c2 WHEN MATCHED AND )"
                     R"(d.__n = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET )"
                     R"("customer" = d.c1 WHEN NOT MATCHED)"));
}

TEST_CASE("groups of which the stream table shows no key are a bag") {
  const auto program
    = program_of(node_of(project{by_customer(orders(), {sum()}), {"i.c2"}}, 1));
  CHECK_FALSE(has(program, "MERGE INTO public.kept"));
}

TEST_CASE("a query without groups has one row that never goes") {
  const auto program = program_of(node_of(aggregate{orders(), 0, {sum()}}, 1));
  CHECK(has(program, R"( d ON true WHEN MATCHED THEN UPDATE SET )"));
  CHECK_FALSE(has(program, "d.__n = 0 THEN DELETE"));
}

TEST_CASE("a group that shrinks below nothing is an error") {
  CHECK(has(program_of(by_customer(orders(), {count()})),
            "RAISE EXCEPTION USING ERRCODE = 'data_corrupted'"));
}
