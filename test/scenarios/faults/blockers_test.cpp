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

TEST_CASE("DDL on a source does not wait for a refresh that goes by its "
          "changes") {
  scenario s;
  create_slow_table(s);
  REQUIRE(begin_slow_refresh(s));
  auto user = s.connect();
  CHECK(duration_of([&] { must(user, "ALTER TABLE pauses ADD COLUMN b int"); })
        < 1000);
  CHECK(refreshes_slowly(s));
  must(s.admin, "SELECT pg_cancel_backend(" + std::to_string(s.db.pid()) + ")");
  CHECK(s.db.result().sqlstate == "57014");
}

TEST_CASE("DROP SCHEMA CASCADE in the middle of a refresh comes right after "
          "it, and takes all along") {
  scenario s;
  create_slow_table(s);
  create_copy(s, "base");
  must(s.db, "INSERT INTO pauses VALUES (3)");
  s.db.send("SELECT pgtrickle.refresh_stream_table('slow')");
  REQUIRE(eventually(5s, [&] { return refreshes_slowly(s); }));
  auto user = s.connect("postgres");
  CHECK(duration_of([&] { must(user, "DROP SCHEMA " + s.schema + " CASCADE"); })
        < 5000);
  (void)s.db.result();
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

TEST_CASE("a refresh by schedule gives way to DDL, and the next one does not") {
  scenario s;
  create_slow_table(s);
  must(s.db, "SELECT pgtrickle.alter_stream_table('slow', schedule => '1s',"
             " refresh_mode => 'FULL')");
  must(s.db, "INSERT INTO pauses VALUES (4)");
  auto user = s.connect();
  const auto lock = [&] {
    REQUIRE(eventually(20s, [&] { return refreshes_slowly(s); }));
    return duration_of([&] {
      must(user, "BEGIN; LOCK TABLE pauses IN ACCESS EXCLUSIVE MODE; COMMIT");
    });
  };
  CHECK(lock() < 1500);
  // Under the next one, which comes at once, everybody waits.
  CHECK(lock() > 1500);
  CHECK(eventually(20s, [&] { return last_refresh(s) == "COMPLETED"; }));
  CHECK(comes_true(s.admin, "slow", 20s));
}

} // namespace pgtrickle::test
