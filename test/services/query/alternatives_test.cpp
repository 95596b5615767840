#include "services/query/alternatives.hpp"

#include "services/query/parse_tree.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

pg_query::Node condition(const std::string& text) {
  return parse_select("SELECT WHERE " + text).value().where_clause();
}

std::string factored_text(const std::string& text) {
  const auto parts = factored(condition(text));
  std::string result;
  if (parts)
    for (const auto& part : *parts)
      result += (result.empty() ? "" : "; ") + to_sql(part);
  return result;
}

std::string implied_text(const std::string& text, const std::string& wanted) {
  const auto part = implied(condition(text), [&](const pg_query::Node& node) {
    return to_sql(node).starts_with(wanted);
  });
  return part ? to_sql(*part) : "";
}

} // namespace

TEST_CASE("what all alternatives demand is taken out of an OR") {
  CHECK(factored_text("a = 1 AND b = 2 OR c = 3 AND a = 1")
        == "a = 1; b = 2 OR c = 3");
  CHECK(factored_text("a = 1 AND b = 2 AND d = 4 OR b = 2 AND c = 3 AND a = 1")
        == "a = 1; b = 2; d = 4 OR c = 3");
}

TEST_CASE("an alternative that is nothing but the common part decides") {
  CHECK(factored_text("a = 1 OR a = 1 AND b = 2") == "a = 1");
}

TEST_CASE("alternatives with nothing in common stay together") {
  CHECK(factored_text("a = 1 OR b = 2").empty());
  CHECK(factored_text("a = 1 AND b = 2").empty());
}

TEST_CASE("an OR demands one of its alternatives' parts, if each has some") {
  CHECK(implied_text("x = 1 AND y = 2 OR x = 3 AND x < 9 AND y = 4", "x")
        == "x = 1 OR (x = 3 AND x < 9)");
  CHECK(implied_text("x = 1 AND y = 2 OR y = 4", "x").empty());
  CHECK(implied_text("x = 1", "x").empty());
}
