// An IMMEDIATE stream table whose query can't be compiled any more, and who
// writes to what is left of its sources.

#include "test/engine/sales_database.hpp"

#include <fmt/format.h>

using namespace pgtrickle;

namespace {

const std::string with_names
  = "SELECT s.id, i.name FROM sale s JOIN item i ON i.item = s.item";

struct broken_table : test::sales_database {
  broken_table() {
    sql(make_items);
    id = create("kept", with_names, "IMMEDIATE");
  }

  std::string write(int number) {
    return state_of(
      fmt::format("INSERT INTO sale VALUES ({}, 'item1', 1, 'x')", number));
  }

  void give_up() {
    const auto outcomes
      = refresher().run({{id}, engine::initiator::scheduler}, {});
    REQUIRE(outcomes);
    REQUIRE(outcomes->at(0).status == "ERROR");
  }

  std::string staleness() {
    return sql("SELECT pgtrickle.get_staleness('kept') > 0")[0][0].c_str();
  }

  bool nothing_is_staged() {
    for (const auto& row : sql("SELECT oid::regclass FROM pg_class WHERE "
                               "relnamespace = 'pgtrickle_state'::regnamespace "
                               "AND relkind = 'r'"))
      if (!sql(std::string{"SELECT FROM "} + row[0].c_str()).empty())
        return false;
    return true;
  }

  const std::string make_items
    = "CREATE TABLE item (item text, name text); INSERT INTO item VALUES "
      "('item1', 'one'), ('item2', 'two'); GRANT SELECT, TRIGGER ON item TO "
      "owner";
  stream_table_id id{};
};

} // namespace

TEST_CASE_FIXTURE(broken_table, "who writes to what a broken IMMEDIATE stream "
                                "table reads is refused until it is in ERROR") {
  sql("DROP TABLE item");
  CHECK(write(100) == "55000");
  CHECK(said.find("the IMMEDIATE stream table public.kept can't follow: table "
                  "public.item was dropped")
        != std::string::npos);
  const auto before = sql("TABLE kept").size();
  give_up();
  CHECK(write(101) == "");
  CHECK(state_of("UPDATE sale SET item = 'item2' WHERE id = 101") == "");
  CHECK(sql("TABLE kept").size() == before);
  CHECK(nothing_is_staged());
  CHECK(staleness() == "t");
}

TEST_CASE_FIXTURE(broken_table,
                  "DDL on a source leaves writers without a broken IMMEDIATE "
                  "stream table") {
  sql("DROP TABLE item");
  give_up();
  sql("ALTER TABLE sale ADD COLUMN more int");
  CHECK(write(100) == "");
  sql("ALTER TABLE sale DROP COLUMN amount");
  CHECK(state_of("DELETE FROM sale WHERE id = 100") == "");
  CHECK(state_of("TRUNCATE sale") == "");
  CHECK(nothing_is_staged());
}

TEST_CASE_FIXTURE(broken_table, "an IMMEDIATE stream table in ERROR follows "
                                "its writers again when it is resumed") {
  sql("DROP TABLE item");
  give_up();
  CHECK(write(100) == "");
  sql(make_items);
  REQUIRE(engine::resume_stream_table(session(), owner(), "kept", {}));
  CHECK(write(101) == "");
  CHECK(refresh({id}).at(0).action == "REINITIALIZE");
  CHECK(difference("kept", with_names) == 0);
  sql("BEGIN");
  CHECK(write(102) == "");
  CHECK(difference("kept", with_names) == 0);
  sql("COMMIT");
  CHECK(staleness() == "f");
}

TEST_CASE_FIXTURE(broken_table, "an IMMEDIATE stream table in ERROR follows "
                                "its writers under another query") {
  sql("DROP TABLE item");
  give_up();
  const std::string query = "SELECT id, item AS name FROM sale";
  const auto altered = alter([&](auto& change) { change.query = query; });
  REQUIRE_MESSAGE(altered, altered.error().message);
  CHECK(write(100) == "");
  CHECK(difference("kept", query) == 0);
}

TEST_CASE_FIXTURE(broken_table, "a function that a broken IMMEDIATE stream "
                                "table calls may go too") {
  sql("CREATE FUNCTION public.twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS "
      "'SELECT 2 * $1'");
  const auto altered = alter([](auto& change) {
    change.query
      = "SELECT id, item AS name FROM sale WHERE public.twice(id) > 2";
  });
  REQUIRE_MESSAGE(altered, altered.error().message);
  sql("DROP FUNCTION public.twice(int) CASCADE");
  CHECK(write(100) == "55000");
  give_up();
  CHECK(write(100) == "");
}
