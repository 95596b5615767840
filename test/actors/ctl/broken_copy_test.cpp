// Copies that break in the middle, in every way, and are continued.

#include "test/actors/ctl/clusters.hpp"

#include <doctest/doctest.h>

#include <csignal>

using namespace pgtrickle::test;

namespace {

/// A copy with so many pieces that it can be met in the middle.
std::vector<std::string> slow_copy(const stage& s) {
  return {"snapshot", "copy", "kept",           "--from", s.from(),
          "--to",     s.to(), "--piece-blocks", "1"};
}

/// One that is over in a moment, and has a few pieces.
std::vector<std::string> short_copy(const stage& s) {
  auto command = slow_copy(s);
  command.back() = "25";
  return command;
}

constexpr auto few_rows
  = "SELECT i, md5(i::text) AS t FROM generate_series(1, 30000) AS i";

void check_complete(stage& s, const finished_run& done) {
  INFO(done.output);
  CHECK(done.status == 0);
  CHECK(s.target_has("kept"));
  CHECK(s.rows_at_target("kept") == s.rows_at_source("kept"));
  CHECK(s.partial_copies() == 0);
}

} // namespace

TEST_CASE("a copy goes on by itself when the source's connection breaks") {
  stage s;
  s.make_snapshot("kept", many_rows);
  running_ctl ctl{slow_copy(s)};
  REQUIRE(eventually(10s, [&] { return s.has_begun(); }));
  CHECK(break_connections(*s.source) == 1);
  const auto done = ctl.finish();
  CHECK(done.says("attempt 1 of 10"));
  CHECK(done.says("going on behind row"));
  check_complete(s, done);
}

TEST_CASE("a copy goes on by itself when the target's connection breaks") {
  stage s;
  s.make_snapshot("kept", many_rows);
  running_ctl ctl{slow_copy(s)};
  REQUIRE(eventually(10s, [&] { return s.has_begun(); }));
  CHECK(break_connections(*s.target) == 1);
  const auto done = ctl.finish();
  CHECK(done.says("attempt 1 of 10"));
  CHECK(done.says("going on behind row"));
  check_complete(s, done);
}

TEST_CASE("a copy goes on by itself after a crash of the target") {
  stage s;
  s.make_snapshot("kept", many_rows);
  s.make_durable();
  running_ctl ctl{slow_copy(s)};
  REQUIRE(eventually(10s, [&] { return s.has_begun(); }));
  stage::target_cluster().stop(stop_mode::immediate);
  REQUIRE(eventually(10s, [&] {
    return ctl.output().find("attempt 2 of 10") != std::string::npos;
  }));
  stage::target_cluster().start();
  s.return_to_databases();
  check_complete(s, ctl.finish());
}

TEST_CASE("a killed copy is continued by the same command") {
  stage s;
  s.make_snapshot("kept", many_rows);
  {
    running_ctl ctl{slow_copy(s)};
    REQUIRE(eventually(10s, [&] { return s.has_begun(); }));
    ctl.signal(SIGKILL);
    CHECK(ctl.finish().status == 128 + SIGKILL);
  }
  CHECK(!s.target_has("kept"));
  CHECK(s.partial_copies() == 1);
  const auto done = run_ctl(slow_copy(s));
  CHECK(done.says("going on behind row"));
  check_complete(s, done);
}

TEST_CASE("a killed copy may go on in pieces of another size") {
  stage s;
  s.make_snapshot("kept", many_rows);
  {
    running_ctl ctl{slow_copy(s)};
    REQUIRE(eventually(10s, [&] { return s.has_begun(); }));
    ctl.signal(SIGKILL);
    ctl.finish();
  }
  auto command = slow_copy(s);
  command.back() = "333";
  const auto done = run_ctl(command);
  CHECK(done.says("going on behind row"));
  check_complete(s, done);
}

TEST_CASE("Ctrl-C ends a copy cleanly and says how to go on") {
  stage s;
  s.make_snapshot("kept", many_rows);
  {
    running_ctl ctl{slow_copy(s)};
    REQUIRE(eventually(10s, [&] { return s.has_begun(); }));
    ctl.signal(SIGINT);
    const auto done = ctl.finish();
    CHECK(done.status == 128 + SIGINT);
    CHECK(done.says("interrupted"));
    CHECK(done.says("HINT: Run the same command again"));
  }
  CHECK(!s.target_has("kept"));
  check_complete(s, run_ctl(slow_copy(s)));
}

TEST_CASE("Ctrl-C ends a copy that waits for a server") {
  stage s;
  s.make_snapshot("kept", "SELECT 1 AS i");
  must(*s.source, "BEGIN; LOCK TABLE kept");
  running_ctl ctl{slow_copy(s)};
  // Within a transaction, what others do is seen as it was at first.
  session watcher(s.from());
  REQUIRE(eventually(10s, [&] {
    return watcher
             .run("SELECT count(*) FROM pg_stat_activity"
                  " WHERE application_name = 'pgtricklectl'"
                  " AND datname = current_database()"
                  " AND wait_event_type = 'Lock'")
             .value()
           == "1";
  }));
  ctl.signal(SIGTERM);
  CHECK(ctl.finish().status == 128 + SIGTERM);
  must(*s.source, "ROLLBACK");
}

TEST_CASE("a copy does not go on with another snapshot") {
  stage s;
  s.make_snapshot("kept", many_rows);
  {
    running_ctl ctl{slow_copy(s)};
    REQUIRE(eventually(10s, [&] { return s.has_begun(); }));
    ctl.signal(SIGKILL);
    ctl.finish();
  }
  must(*s.source, "DROP TABLE kept");
  s.make_snapshot("kept", "SELECT i, 'new' AS t FROM generate_series(1, 9) i");
  auto command = slow_copy(s);
  const auto refused = run_ctl(command);
  CHECK(refused.status == 1);
  CHECK(refused.says("\"public\".\"kept\" is half copied from another "
                     "snapshot"));
  CHECK(refused.says("--restart"));
  CHECK(!s.target_has("kept"));
  command.emplace_back("--restart");
  check_complete(s, run_ctl(command));
}

TEST_CASE("two copies to one place don't mix") {
  stage s;
  s.make_snapshot("kept", many_rows);
  running_ctl first{slow_copy(s)};
  REQUIRE(eventually(10s, [&] { return s.has_begun(); }));
  auto command = slow_copy(s);
  command.insert(command.end(), {"--retries", "0"});
  const auto second = run_ctl(command);
  CHECK(second.status == 1);
  CHECK(second.says("another session copies to \"public\".\"kept\""));
  check_complete(s, first.finish());
}

TEST_CASE("somebody else's table is not taken for a partial copy") {
  stage s;
  s.make_snapshot("kept", many_rows);
  {
    running_ctl ctl{slow_copy(s)};
    REQUIRE(eventually(10s, [&] { return s.has_begun(); }));
    ctl.signal(SIGKILL);
    ctl.finish();
  }
  s.target->run("CREATE ROLE mallory LOGIN");
  const auto partial
    = s.target
        ->run("SELECT relname FROM pg_class"
              " WHERE starts_with(relname, 'pgtrickle_partial_')")
        .value();
  must(*s.target, "ALTER TABLE " + partial + " OWNER TO mallory");
  const auto refused = run_ctl(slow_copy(s));
  CHECK(refused.status == 1);
  CHECK(refused.says("is in the way at the target"));
}

TEST_CASE("a copy may be killed at any moment") {
  stage s;
  s.make_snapshot("kept", few_rows);
  for (int moment = 0; moment < 20; ++moment) {
    INFO("moment " << moment);
    {
      running_ctl ctl{short_copy(s)};
      (void)eventually(moment * 15ms, [&] { return !ctl.running(); });
      ctl.signal(SIGKILL);
      ctl.finish();
    }
    if (s.target_has("kept"))
      CHECK(s.rows_at_target("kept") == s.rows_at_source("kept"));
    check_complete(s, run_ctl(short_copy(s)));
    must(*s.target, "DROP TABLE kept");
  }
}

TEST_CASE("either server may crash at any moment of a copy") {
  stage s;
  s.make_snapshot("kept", few_rows);
  s.make_durable();
  for (int moment = 0; moment < 20; ++moment) {
    INFO("moment " << moment);
    auto& crashing
      = moment % 2 == 0 ? stage::source_cluster() : stage::target_cluster();
    running_ctl ctl{short_copy(s)};
    // Before, it would give up: it has reached neither server yet.
    REQUIRE(eventually(
      10s, [&] { return s.partial_copies() > 0 || !ctl.running(); }));
    (void)eventually(moment * 15ms, [&] { return !ctl.running(); });
    crashing.stop(stop_mode::immediate);
    crashing.start();
    s.return_to_databases();
    check_complete(s, ctl.finish());
    must(*s.target, "DROP TABLE kept");
  }
}

TEST_CASE("a server that can't be reached is not tried again and again") {
  stage s;
  const auto done = run_ctl({"snapshot", "copy", "kept", "--from",
                             "host=127.0.0.1 port=1", "--to", s.to()});
  CHECK(done.status == 1);
  CHECK(!done.says("attempt"));
}
