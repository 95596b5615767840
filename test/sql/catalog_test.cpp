#include "test/sql/environment.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

TEST_CASE("the extension, its functions and the project have one version") {
  auto db = the_environment().connect();
  CHECK(db.run("SELECT pgtrickle.version()").value() == PGTRICKLE_VERSION);
  CHECK(db.run("SELECT extversion FROM pg_extension"
               " WHERE extname = 'pg_trickle'")
          .value()
        == PGTRICKLE_VERSION);
}

TEST_CASE("a schema pgtrickle of somebody else stops the installation") {
  auto db = the_environment().connect();
  db.run("CREATE DATABASE trapped");
  session trapped(the_environment().postgres.conninfo("trapped"));
  trapped.run("CREATE SCHEMA pgtrickle AUTHORIZATION bob");
  CHECK(trapped.run("CREATE EXTENSION pg_trickle").sqlstate == "42501");
}

TEST_CASE("the database is marked for the daemon, but a choice is kept") {
  auto db = the_environment().connect();
  const std::string marks
    = "SELECT setconfig FROM pg_db_role_setting s JOIN pg_database d"
      " ON d.oid = setdatabase WHERE datname = ";
  db.run("CREATE DATABASE \"odd \"\"name\"");
  session odd(the_environment().postgres.conninfo("'odd \"name'"));
  CHECK(odd.run("CREATE EXTENSION pg_trickle").sqlstate == "");
  CHECK(odd.run(marks + "current_database()").value()
        == "{pg_trickle.enabled=on}");
  db.run("CREATE DATABASE off");
  db.run("ALTER DATABASE off SET pg_trickle.enabled = off");
  session off(the_environment().postgres.conninfo("off"));
  CHECK(off.run("CREATE EXTENSION pg_trickle").sqlstate == "");
  CHECK(off.run(marks + "current_database()").value()
        == "{pg_trickle.enabled=off}");
}

TEST_CASE("settings are checked and have their declared defaults") {
  auto db = the_environment().connect();
  db.run("SELECT pgtrickle.version()");
  CHECK(db.run("SELECT boot_val FROM pg_settings"
               " WHERE name = 'pg_trickle.nats_url'")
          .value()
        == "nats://127.0.0.1:4222");
  CHECK(db.run("SHOW pg_trickle.max_consecutive_errors").value() == "5");
  CHECK(db.run("SET pg_trickle.max_consecutive_errors = 0").sqlstate
        == "22023");
  CHECK(db.run("SET pg_trickle.scheduler_interval_ms = '2s'").sqlstate == "");
  CHECK(db.run("SET pg_trickle.no_such_setting = 1").sqlstate == "42602");
  CHECK(db.run("SELECT count(*) FROM pg_settings"
               " WHERE name = 'pg_trickle.internal_refresh'")
          .value()
        == "0");
}

TEST_CASE("a source's capture comes and goes without notices") {
  auto db = the_environment().connect();
  db.run("CREATE TABLE public.quiet (a int)");
  db.notices().clear();
  for (const std::string change : {"_install_capture", "_release_capture"})
    for (int time = 1; time <= 2; ++time)
      CHECK(db.run("SELECT pgtrickle." + change + "('public.quiet'::regclass)")
              .sqlstate
            == "");
  CHECK(db.notices().empty());
  db.run("DROP TABLE public.quiet");
}

} // namespace pgtrickle::test
