#include "test/scenarios/installation.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

namespace {

void create(session& db, const std::string& name, const std::string& query,
            const std::string& schedule, const std::string& mode = "AUTO") {
  must(db, "SELECT pgtrickle.create_stream_table('" + name + "', $q$" + query
             + "$q$, '" + schedule + "', '" + mode + "')");
}

} // namespace

TEST_CASE("a stream table follows its schedule by itself") {
  scenario s;
  must(s.db, "CREATE TABLE base (a int); INSERT INTO base VALUES (1)");
  std::string schedule;
  SUBCASE("a duration") { schedule = "1s"; }
  SUBCASE("cron with seconds") { schedule = "* * * * * *"; }
  SUBCASE("calculated, and nobody reads it") { schedule = "calculated"; }
  create(s.db, "reader", "SELECT a FROM base", schedule);
  for (const auto* change :
       {"INSERT INTO base VALUES (2)", "UPDATE base SET a = a + 1",
        "DELETE FROM base WHERE a = 2", "TRUNCATE base"}) {
    CAPTURE(change);
    must(s.db, change);
    CHECK(comes_true(s.admin, "reader", 6s));
  }
}

TEST_CASE("a calculated stream table follows the one that reads it") {
  scenario s;
  must(s.db, "CREATE TABLE base (a int); INSERT INTO base VALUES (1)");
  create(s.db, "lower", "SELECT a FROM base", "calculated");
  create(s.db, "middle", "SELECT a + 1 AS a FROM lower", "calculated");
  create(s.db, "upper", "SELECT a + 1 AS a FROM middle", "1s");
  must(s.db, "INSERT INTO base VALUES (10)");
  CHECK(eventually(6s, [&] {
    return s.db.run("SELECT count(*) FROM upper WHERE a = 12").value() == "1";
  }));
  CHECK(s.db
          .run("SELECT count(DISTINCT data_timestamp) FROM"
               " pgtrickle.pgt_status() WHERE name LIKE '"
               + s.schema + ".%'")
          .value()
        == "1");
}

TEST_CASE("a stream table that is to be as fresh as possible waits for no "
          "tick") {
  scenario s;
  must(s.db, "CREATE TABLE base (a int); INSERT INTO base VALUES (0)");
  create(s.db, "lower", "SELECT a FROM base", "calculated");
  create(s.db, "newest", "SELECT max(a) AS a FROM lower", "0s");
  const auto began = std::chrono::steady_clock::now();
  for (int i = 1; i <= 20; ++i) {
    must(s.db, "UPDATE base SET a = a + 1");
    CHECK(eventually(6s, [&] {
      return s.db.run("SELECT a FROM newest").value() == std::to_string(i);
    }));
  }
  // A tick is a second.
  CHECK(std::chrono::steady_clock::now() - began < 10s);
  CHECK(comes_true(s.admin, "newest", 6s));
}

TEST_CASE("a stream table follows the table that took its source's place") {
  scenario s;
  must(s.db, "CREATE TABLE base (a int); INSERT INTO base VALUES (1)");
  create(s.db, "reader", "SELECT a FROM base", "1s");
  must(s.db, "DROP TABLE base; CREATE TABLE base (a int)");
  REQUIRE(comes_true(s.admin, "reader", 20s));
  for (int i = 0; i < 3; ++i) {
    must(s.db, "INSERT INTO base VALUES (2)");
    CHECK(comes_true(s.admin, "reader", 6s));
  }
}

TEST_CASE("a diamond is refreshed at one snapshot") {
  scenario s;
  must(s.db, "CREATE TABLE base (a int); INSERT INTO base VALUES (1)");
  create(s.db, "rows_of", "SELECT count(*) AS n FROM base", "calculated");
  create(s.db, "ones_of", "SELECT sum(1) AS n FROM base", "calculated");
  create(s.db, "gap", "SELECT r.n - o.n AS gap, r.n FROM rows_of r, ones_of o",
         "1s");
  std::string seen;
  int changes = 0;
  const auto consistent = [&] {
    must(s.db, "INSERT INTO base VALUES (2)");
    const auto now = s.db.run(
      "SELECT g.gap, r.n = g.n AND o.n = g.n, count(DISTINCT data_timestamp),"
      " g.n FROM gap g, rows_of r, ones_of o, pgtrickle.pgt_status() t"
      " WHERE t.name LIKE '"
      + s.schema + ".%' GROUP BY g.gap, r.n, o.n, g.n");
    changes += now.rows[0][3] != seen ? 1 : 0;
    seen = now.rows[0][3];
    return now.rows[0][0] == "0" && now.rows[0][1] == "t"
           && now.rows[0][2] == "1";
  };
  CHECK(eventually(5s, [&] { return consistent() && changes > 1; }));
  CHECK(throughout(4s, consistent));
  CHECK(changes > 2);
}

TEST_CASE("a query that reads the clock is recomputed on schedule") {
  scenario s;
  create(s.db, "clock", "SELECT now() AS at", "1s", "FULL");
  const auto first = s.db.run("SELECT at FROM clock").value();
  CHECK(eventually(
    5s, [&] { return s.db.run("SELECT at FROM clock").value() != first; }));
}

TEST_CASE("an idle daemon writes nothing and costs next to nothing") {
  scenario s;
  must(s.db, "CREATE TABLE base (a int); INSERT INTO base VALUES (1)");
  create(s.db, "reader", "SELECT a FROM base", "1s");
  const auto position
    = [&] { return s.admin.run("SELECT pg_current_wal_insert_lsn()").value(); };
  // PostgreSQL writes by itself now and then, a daemon that writes would
  // with each tick.
  std::chrono::milliseconds used{};
  CHECK(eventually(25s, [&] {
    const auto before = position();
    const auto used_before = s.all.daemon.processor_time();
    const auto silent = throughout(3s, [&] { return position() == before; });
    used = s.all.daemon.processor_time() - used_before;
    return silent;
  }));
  CHECK(used.count() <= 150);
}

} // namespace pgtrickle::test
