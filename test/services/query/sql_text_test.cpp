#include "services/query/sql_text.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

TEST_CASE("an identifier is quoted and its own quotes are doubled") {
  CHECK(quoted("orders") == R"("orders")");
  CHECK(quoted("Order Total") == R"("Order Total")");
  CHECK(quoted(R"(a"; DROP TABLE x; --)") == R"("a""; DROP TABLE x; --")");
  CHECK(quoted(R"(back\slash)") == R"("back\slash")");
}

TEST_CASE("a literal doubles its quotes") {
  CHECK(literal("") == "''");
  CHECK(literal("plain") == "'plain'");
  CHECK(literal("it's") == "'it''s'");
  CHECK(literal("'; --") == "'''; --'");
}

TEST_CASE("a literal with backslashes means the same under every setting") {
  CHECK(literal(R"(a\b)") == R"(E'a\\b')");
  CHECK(literal(R"(\')") == R"(E'\\''')");
}

TEST_CASE("columns are named by their position from 1") {
  CHECK(column_name(0) == "c1");
  CHECK(column_list("i", 3) == "i.c1, i.c2, i.c3");
  CHECK(column_list("", 2) == "c1, c2");
  CHECK(column_list("i", 0).empty());
}

TEST_CASE("parts are joined by a separator between them") {
  CHECK(joined({}).empty());
  CHECK(joined({"a"}) == "a");
  CHECK(joined({"a", "b"}) == "a, b");
  CHECK(joined({"a", "b"}, " AND ") == "a AND b");
}
