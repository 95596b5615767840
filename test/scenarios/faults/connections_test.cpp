// PostgreSQL takes no new connections, or none of the daemon.

#include "test/scenarios/faults/follower.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

namespace pgtrickle::test {

namespace {

void terminate_daemon_sessions(session& admin) {
  must(admin, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
              "WHERE application_name LIKE 'pgtrickle %'");
}

/// Sessions until PostgreSQL has no place any more, not even for superusers.
std::vector<session> fill_up(scenario& s) {
  std::vector<session> all;
  try {
    while (true)
      all.push_back(s.connect("postgres"));
  } catch (const std::runtime_error&) {
  }
  return all;
}

} // namespace

TEST_CASE("with all connections taken the daemon waits, and goes on by itself "
          "when there are some") {
  scenario s;
  create_copy(s, "base");
  const auto logged = s.all.daemon.log().size();
  {
    const auto taken = fill_up(s);
    terminate_daemon_sessions(s.admin);
    const auto more = fill_up(s);
    REQUIRE(taken.size() > 100);
    must(s.admin, "INSERT INTO base VALUES (2)");
    CHECK(throughout(3s, [&] { return s.all.daemon.running(); }));
  }
  CHECK(copy_follows(s, "base", 20s));
  CHECK(eventually(20s, [&] { return s.all.serves(); }));
  CHECK(s.all.daemon.log().size() - logged < 20'000);
}

TEST_CASE(
  "a daemon that is not let in waits, and goes on by itself when it is") {
  scenario s;
  create_copy(s, "base");
  const auto file
    = std::filesystem::path{s.all.postgres.socket_dir()} / "data/pg_hba.conf";
  const auto kept = file.string() + ".kept";
  std::filesystem::copy_file(file, kept);
  const auto logged = s.all.daemon.log().size();
  const auto reload = [&] {
    const auto before = s.all.postgres.log().size();
    must(s.admin, "SELECT pg_reload_conf()");
    REQUIRE(eventually(5s, [&] {
      return s.all.postgres.log().find("reloading configuration", before)
             != std::string::npos;
    }));
  };
  std::ofstream(file) << "local all alice trust\nlocal all all reject\n";
  reload();
  // pg_hba.conf is read soon after the message.
  CHECK(eventually(5s, [&] {
    try {
      (void)s.connect("postgres");
      return false;
    } catch (const std::runtime_error&) {
      return true;
    }
  }));
  terminate_daemon_sessions(s.admin);
  must(s.admin, "INSERT INTO base VALUES (2)");
  CHECK(eventually(10s, [&] {
    return s.all.daemon.log().find("pg_hba.conf", logged) != std::string::npos;
  }));
  CHECK(throughout(2s, [&] { return s.all.daemon.running(); }));
  std::ofstream(file) << std::ifstream(kept).rdbuf();
  std::filesystem::remove(kept);
  reload();
  CHECK(copy_follows(s, "base", 20s));
  CHECK(eventually(20s, [&] { return s.all.serves(); }));
  CHECK(s.all.daemon.log().size() - logged < 20'000);
}

TEST_CASE("a part that dies again and again in one database leaves the others "
          "alone") {
  scenario s;
  create_copy(s, "base");
  s.all.create_database("beside");
  auto beside = s.all.connect("postgres", "beside");
  must(beside, "CREATE TABLE base (a int)");
  must(beside, "SELECT pgtrickle.create_stream_table('copy_base', 'SELECT a "
               "FROM base', '1s')");
  for (int i = 0; i < 8; ++i) {
    s.admin.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                "datname = 'app' AND application_name LIKE 'pgtrickle %'");
    must(beside, "INSERT INTO base VALUES (" + std::to_string(i) + ")");
    CHECK(comes_true(beside, "copy_base", 4s));
  }
  CHECK(s.all.daemon.running());
  // Its delays have grown meanwhile; they end at a minute.
  if (wants_long_ones())
    CHECK(copy_follows(s, "base", 75s));
  else
    s.all.daemon.kill();
}

} // namespace pgtrickle::test
