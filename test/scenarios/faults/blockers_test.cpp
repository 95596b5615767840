// Users who hold what a refresh needs, or take it away.

#include "test/scenarios/faults/follower.hpp"
#include "test/scenarios/slow_refresh.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

TEST_CASE("a writer that stays in its transaction delays nobody else, and is "
          "not lost") {
  scenario s;
  create_copy(s, "held");
  create_copy(s, "free");
  auto writer = s.connect();
  must(writer, "BEGIN; INSERT INTO held VALUES (1000)");
  for (int i = 0; i < 3; ++i) {
    CHECK(copy_follows(s, "free", 4s));
    CHECK(copy_follows(s, "held", 4s));
  }
  must(writer, "COMMIT");
  CHECK(comes_true(s.admin, "copy_held", 4s));
  CHECK(s.db.run("SELECT count(*) FROM copy_held WHERE a = 1000").value()
        == "1");
}

TEST_CASE("a user's ACCESS EXCLUSIVE lock delays the tables that need it "
          "only") {
  scenario s;
  create_copy(s, "locked");
  create_copy(s, "free");
  std::string what;
  SUBCASE("on the source") { what = "locked"; }
  SUBCASE("on the stream table") { what = "copy_locked"; }
  must(s.admin, "INSERT INTO locked VALUES (7)");
  auto holder = s.connect();
  must(holder, "BEGIN; LOCK TABLE " + what + " IN ACCESS EXCLUSIVE MODE");
  for (int i = 0; i < 3; ++i)
    CHECK(copy_follows(s, "free", 4s));
  // He does not wait behind us either.
  CHECK(
    duration_of([&] { must(holder, "ALTER TABLE locked ADD COLUMN b int"); })
    < 2000);
  must(holder, "COMMIT");
  CHECK(copy_follows(s, "locked", 20s));
  CHECK(
    s.admin.run("SELECT max(consecutive_errors) FROM pgtrickle.pgt_status()")
      .value()
    == "0");
}

TEST_CASE("DDL of a user waits for no refresh") {
  scenario s;
  create_slow_table(s);
  std::string statement;
  SUBCASE("ALTER TABLE of the source") {
    statement = "ALTER TABLE pauses ADD COLUMN b int";
  }
  SUBCASE("DROP TABLE of the stream table") { statement = "DROP TABLE slow"; }
  REQUIRE(begin_slow_refresh(s));
  auto user = s.connect();
  const auto took = duration_of([&] { must(user, statement); });
  CHECK(took < 3000);
  const auto ended = s.db.result();
  CHECK_FALSE(ended.sqlstate.empty());
}

TEST_CASE("DROP SCHEMA CASCADE in the middle of a refresh takes all along") {
  scenario s;
  create_slow_table(s);
  create_copy(s, "base");
  REQUIRE(begin_slow_refresh(s));
  auto user = s.connect("postgres");
  CHECK(duration_of([&] { must(user, "DROP SCHEMA " + s.schema + " CASCADE"); })
        < 3000);
  CHECK_FALSE(s.db.result().sqlstate.empty());
  CHECK(s.admin
          .run("SELECT count(*) FROM pgtrickle.pgt_stream_tables WHERE "
               "pgt_schema = '"
               + s.schema + "'")
          .value()
        == "0");
  must(user, "CREATE SCHEMA " + s.schema + " AUTHORIZATION alice");
  CHECK(eventually(10s, [&] { return s.all.serves(); }));
  create_copy(s, "base");
  CHECK(copy_follows(s, "base", 5s));
}

} // namespace pgtrickle::test
