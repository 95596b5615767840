#include "services/query/unread_outputs.hpp"

#include "services/query/parse_tree.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

/// The query after what nobody reads was dropped.
std::string without_unread(const std::string& sql) {
  auto query = parse_select(sql).value();
  const auto before = to_sql(query);
  const bool dropped = drop_unread_outputs(query);
  CHECK(dropped == (to_sql(query) != before));
  return to_sql(query);
}

std::string unchanged(const std::string& sql) {
  return to_sql(parse_select(sql).value());
}

} // namespace

TEST_CASE("columns that EXISTS selects are read by nobody") {
  CHECK(without_unread("SELECT a.x FROM a WHERE EXISTS (SELECT b.x, b.y FROM b "
                       "WHERE b.x = a.x)")
        == unchanged("SELECT a.x FROM a WHERE EXISTS (SELECT FROM b WHERE b.x "
                     "= a.x)"));
}

TEST_CASE("columns are dropped at each depth") {
  CHECK(without_unread("SELECT a.x FROM a WHERE NOT EXISTS (SELECT b.x FROM b "
                       "WHERE EXISTS (SELECT c.z FROM c WHERE c.z = b.x))")
        == unchanged("SELECT a.x FROM a WHERE NOT EXISTS (SELECT FROM b WHERE "
                     "EXISTS (SELECT FROM c WHERE c.z = b.x))"));
}

TEST_CASE("what decides whether there is a row is left to EXISTS") {
  for (const std::string inner :
       {"SELECT count(*) FROM b", "SELECT b.x FROM b GROUP BY b.x",
        "SELECT DISTINCT b.x FROM b", "SELECT b.x FROM b LIMIT 1",
        "SELECT b.x FROM b UNION SELECT c.x FROM c", "VALUES (1)",
        "SELECT unnest(b.a) FROM b", "SELECT b.x, 1 / b.y FROM b"}) {
    const auto query = "SELECT a.x FROM a WHERE EXISTS (" + inner + ")";
    CAPTURE(query);
    CHECK(without_unread(query) == unchanged(query));
  }
}

TEST_CASE("the columns of other subqueries are read") {
  const std::string query
    = "SELECT a.x FROM a WHERE a.x IN (SELECT b.x FROM b) "
      "AND a.y = (SELECT c.y FROM c)";
  CHECK(without_unread(query) == unchanged(query));
}
