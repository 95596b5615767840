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

TEST_CASE("the base version updates to the release") {
  auto db = the_environment().connect();
  db.run("CREATE DATABASE updated");
  session updated(the_environment().postgres.conninfo("updated"));
  CHECK(updated.run("CREATE EXTENSION pg_trickle VERSION '0.26.0'").sqlstate
        == "");
  CHECK(updated.run("SELECT pgtrickle.cluster_nodes()").sqlstate == "42883");
  CHECK(updated.run("ALTER EXTENSION pg_trickle UPDATE").sqlstate == "");
  CHECK(updated
          .run("SELECT count(*) FROM pg_proc"
               " WHERE proname = 'cluster_nodes'")
          .value()
        == "1");
  CHECK(updated.run("DROP EXTENSION pg_trickle").sqlstate == "");
  CHECK(updated
          .run("SELECT string_agg(nspname, ' ') FROM pg_namespace"
               " WHERE nspname ~ '^pgtrickle_'")
          .value()
        == "(null)");
  CHECK(updated.run("CREATE EXTENSION pg_trickle").sqlstate == "");
}

TEST_CASE("an updated catalog counts from the history that it has") {
  auto db = the_environment().connect();
  db.run("CREATE DATABASE counted");
  session counted(the_environment().postgres.conninfo("counted"));
  counted.run("CREATE EXTENSION pg_trickle VERSION '0.26.0'");
  counted.run("INSERT INTO pgtrickle.pgt_stream_tables (pgt_relid, pgt_name,"
              " pgt_schema, original_query, original_search_path,"
              " defining_query, refresh_mode) VALUES (1, 's', 'public', '', '',"
              " '', 'AUTO')");
  counted.run("INSERT INTO pgtrickle.pgt_refresh_history (pgt_id, start_time,"
              " status, action, initiated_by, rows_inserted, delta_row_count)"
              " SELECT pgt_id, now(), h.status, h.action, 'SCHEDULER', 2, 3"
              " FROM pgtrickle.pgt_stream_tables, (VALUES ('COMPLETED',"
              " 'FULL'), ('COMPLETED', 'FULL'), ('FAILED', 'FULL'),"
              " ('RUNNING', NULL)) AS h (status, action)");
  counted.run("INSERT INTO pgtrickle.pgt_alerts (event, payload)"
              " VALUES ('refresh_failed', '{}')");
  REQUIRE(counted.run("ALTER EXTENSION pg_trickle UPDATE").sqlstate == "");
  const auto counters = [&] {
    return counted
      .run("SELECT string_agg(concat_ws(' ', what, times, changes,"
           " rows_inserted), ', ' ORDER BY kind DESC, what)"
           " FROM pgtrickle.pgt_counters")
      .value();
  };
  CHECK(counters() == "FAILED 1 3 2, FULL 2 6 4, refresh_failed 1 0 0");
  counted.run("UPDATE pgtrickle.pgt_refresh_history SET status = 'COMPLETED',"
              " action = 'DIFFERENTIAL' WHERE status = 'RUNNING'");
  counted.run("DELETE FROM pgtrickle.pgt_stream_tables");
  counted.run("SELECT pgtrickle._fold_counts()");
  CHECK(
    counters()
    == "DIFFERENTIAL 1 3 2, FAILED 1 3 2, FULL 2 6 4, refresh_failed 1 0 0");
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
