#include "services/query/parse_tree.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

pg_query::Node output(const pg_query::SelectStmt& query, int index) {
  return query.target_list(index).res_target().val();
}

} // namespace

TEST_CASE("a defining query is exactly one SELECT") {
  CHECK(parse_select("SELECT 1"));
  CHECK(parse_select("SELECT 1 UNION SELECT 2;"));
  for (const auto* text : {"", "SELECT 1; SELECT 2", "DELETE FROM orders",
                           "CREATE TABLE t AS SELECT 1"}) {
    CAPTURE(text);
    const auto parsed = parse_select(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == errc::invalid_query);
    CHECK(parsed.error().message == "the defining query is not one SELECT");
  }
}

TEST_CASE("what is not SQL is refused in PostgreSQL's words") {
  const auto parsed = parse_select("SELEC 1");
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == errc::invalid_query);
  CHECK(parsed.error().message == R"(syntax error at or near "SELEC")");
}

TEST_CASE("a query that nests without end is refused and does not crash") {
  std::string deep = "1";
  for (int i = 0; i < 2000; ++i)
    deep = "(" + deep + " + 1)";
  const auto parsed = parse_select("SELECT " + deep);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == errc::query_too_large);
}

TEST_CASE("equal expressions are the same wherever they stand") {
  const auto query = parse_select("SELECT a + 1, b,   a+1, a + 2").value();
  CHECK(same(output(query, 0), output(query, 2)));
  CHECK_FALSE(same(output(query, 0), output(query, 3)));
  CHECK_FALSE(same(output(query, 0), output(query, 1)));
}

TEST_CASE("a tree turns back into text") {
  const auto query
    = parse_select("select x.a, 'it''s' from public.t x where x.a>1").value();
  CHECK(to_sql(query) == "SELECT x.a, 'it''s' FROM public.t x WHERE x.a > 1");
  CHECK(to_sql(output(query, 0)) == "x.a");
  CHECK(to_sql(output(query, 1)) == "'it''s'");
}

TEST_CASE("a visit that returns false leaves out what is below") {
  auto query = parse_select("SELECT abs(a), b").value();
  int all = 0;
  int outside_calls = 0;
  for_each_node(query, [&](pg_query::Node& node) {
    all += node.has_column_ref() ? 1 : 0;
    return true;
  });
  for_each_node(query, [&](pg_query::Node& node) {
    outside_calls += node.has_column_ref() ? 1 : 0;
    return !node.has_func_call();
  });
  CHECK(all == 2);
  CHECK(outside_calls == 1);
}

TEST_CASE("an operand whose parentheses the deparser forgets keeps them") {
  const auto written = [](const std::string& expression) {
    const auto query = parse_select("SELECT " + expression).value();
    return to_sql(query.target_list(0).res_target().val());
  };
  CHECK(written("(a AND b) IS NOT FALSE") == "COALESCE(a AND b) IS NOT FALSE");
  CHECK(written("(a OR b)::text") == "COALESCE(a OR b)::text");
  CHECK(written("(NOT a) IS NULL") == "COALESCE(NOT a) IS NULL");
  CHECK(written("(a = b) IN (true)") == "COALESCE(a = b) IN (true)");
  CHECK(written("false = ((a, b) <> ANY (SELECT c, d))")
        == "false = COALESCE((a, b) <> ANY (SELECT c, d))");
  CHECK(written("(a = b) >= ALL (SELECT c)")
        == "COALESCE(a = b) >= ALL (SELECT c)");
  CHECK(written("(a AT TIME ZONE 'utc')::date")
        == "pg_catalog.timezone('utc', a)::date");
  CHECK(written("(a = b) IS NULL") == "a = b IS NULL");
}
