#include "test/scenarios/slow_refresh.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

TEST_CASE("whoever cancels a call cancels the work") {
  scenario s;
  create_slow_table(s);
  outcome ended;
  SUBCASE("by pg_cancel_backend") {
    REQUIRE(begin_slow_refresh(s));
    must(s.admin,
         "SELECT pg_cancel_backend(" + std::to_string(s.db.pid()) + ")");
    ended = s.db.result();
  }
  SUBCASE("by statement_timeout") {
    must(s.db, "SET statement_timeout = '2s'");
    REQUIRE(begin_slow_refresh(s));
    ended = s.db.result();
  }
  SUBCASE("by pg_trickle.call_timeout") {
    must(s.db, "SET pg_trickle.call_timeout = '2s'");
    REQUIRE(begin_slow_refresh(s));
    ended = s.db.result();
  }
  CHECK(ended.sqlstate == "57014");
  CHECK(eventually(3s, [&] { return !refreshes_slowly(s); }));
  CHECK(eventually(3s, [&] { return last_refresh(s) == "FAILED"; }));
  CHECK(s.db.run("SELECT count(*) FROM slow").value() == "1");
  // It is no fault of the stream table.
  CHECK(
    s.admin.run("SELECT max(consecutive_errors) FROM pgtrickle.pgt_status()")
      .value()
    == "0");

  must(s.db, "RESET statement_timeout; RESET pg_trickle.call_timeout;"
             "DELETE FROM pauses WHERE seconds > 0");
  must(s.db, "SELECT pgtrickle.refresh_stream_table('slow')");
  CHECK(holds(s.admin, "slow"));
}

TEST_CASE("cancelling a creation leaves nothing behind") {
  scenario s;
  create_slow_table(s);
  must(s.db, "INSERT INTO pauses VALUES (59)");
  s.db.send("SELECT pgtrickle.create_stream_table('slower',"
            " 'SELECT pause(seconds) AS s FROM pauses')");
  REQUIRE(eventually(5s, [&] { return refreshes_slowly(s); }));
  must(s.admin, "SELECT pg_cancel_backend(" + std::to_string(s.db.pid()) + ")");
  CHECK(s.db.result().sqlstate == "57014");
  CHECK(eventually(5s, [&] {
    return s.admin.run("SELECT to_regclass('slower')").value() == "(null)"
           && !refreshes_slowly(s);
  }));
}

TEST_CASE("a call that needs a lock of its own caller is refused, not hung") {
  scenario s;
  must(s.db, "CREATE TABLE base (a int); INSERT INTO base VALUES (1)");
  must(s.db, "SELECT pgtrickle.create_stream_table('reader',"
             " 'SELECT a FROM base', '1h')");
  outcome refused;
  const auto took = duration_of([&] {
    refused
      = s.db.run("SELECT pgtrickle.drop_stream_table('reader') FROM reader");
  });
  CHECK(refused.sqlstate == "55P03");
  CHECK(refused.message.find("the calling transaction holds a lock on")
        != std::string::npos);
  CHECK(refused.message.find("reader") != std::string::npos);
  CHECK_FALSE(refused.hint.empty());
  CHECK(took < 2000);
  must(s.db, "SELECT pgtrickle.drop_stream_table('reader')");
}

TEST_CASE("without a daemon a call fails at once and says what to start") {
  scenario s;
  CHECK(s.all.daemon.stop() == 0);
  outcome refused;
  const auto took
    = duration_of([&] { refused = s.db.run("SELECT pgtrickle.ping()"); });
  CHECK(refused.sqlstate == "08001");
  CHECK(refused.hint.find("Start pgtrickled") != std::string::npos);
  CHECK(took < 1000);
  CHECK(s.db.run("SELECT * FROM pgtrickle.pgt_status()").sqlstate.empty());
}

TEST_CASE(
  "a daemon killed in the middle of a refresh leaves nothing half done") {
  scenario s;
  create_slow_table(s);
  REQUIRE(begin_slow_refresh(s));
  s.all.daemon.kill();
  outcome ended;
  const auto took = duration_of([&] { ended = s.db.result(); });
  CHECK(ended.sqlstate == "08006");
  CHECK_FALSE(ended.hint.empty());
  CHECK(took < 7000);
  CHECK(s.db.run("SELECT count(*) FROM slow").value() == "1");

  must(s.db, "DELETE FROM pauses WHERE seconds > 0");
  s.all.daemon.start();
  CHECK(eventually(10s, [&] { return last_refresh(s) == "FAILED"; }));
  CHECK(eventually(10s, [&] {
    return s.db.run("SELECT pgtrickle.refresh_stream_table('slow')")
      .sqlstate.empty();
  }));
  CHECK(holds(s.admin, "slow"));
}

} // namespace pgtrickle::test
