// What is well is not told of, whatever it stands on, and repairing it harms
// nothing.

#include "test/scenarios/installation.hpp"
#include "test/support/ctl_process.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle::test;

namespace {

constexpr auto sources
  = "CREATE TABLE p (i int, k int) PARTITION BY RANGE (i);"
    "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);"
    "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20)"
    "  PARTITION BY RANGE (k);"
    "CREATE TABLE p21 PARTITION OF p2 FOR VALUES FROM (0) TO (100);"
    "INSERT INTO p SELECT i, i FROM generate_series(0, 19) AS i;"
    "CREATE TABLE parent (a int); CREATE TABLE child (b int) INHERITS (parent);"
    "INSERT INTO child VALUES (1, 2);"
    "CREATE VIEW v AS SELECT k, count(*) AS n FROM p GROUP BY k";

const std::vector<std::vector<std::string>> stream_tables{
  {"whole", "SELECT k, count(*) FROM p GROUP BY k", "AUTO"},
  {"partition", "SELECT k, count(*) FROM p1 GROUP BY k", "AUTO"},
  {"parted", "SELECT k, count(*) FROM p2 GROUP BY k", "AUTO"},
  {"family", "SELECT a FROM parent", "AUTO"},
  {"alone", "SELECT a FROM ONLY parent", "AUTO"},
  {"child_only", "SELECT b FROM child", "FULL"},
  {"viewed", "SELECT k, n FROM v", "AUTO"},
  {"above", "SELECT k + 1 AS k FROM whole", "AUTO"},
  {"at_once", "SELECT a FROM parent", "IMMEDIATE"},
  {"above_it", "SELECT a FROM at_once", "AUTO"}};

} // namespace

TEST_CASE("what is well is not told of, and repairing it harms nothing") {
  auto& all = the_installation();
  all.repair();
  all.create_database("healthy");
  session db{all.postgres.conninfo("healthy")};
  must(db, sources);
  for (const auto& table : stream_tables)
    must(db, "SELECT pgtrickle.create_stream_table('" + table[0] + "', '"
               + table[1] + "', '1s', '" + table[2] + "')");
  must(db, "SELECT pgtrickle.snapshot_stream_table('whole')");
  must(db, "SELECT pgtrickle.drop_stream_table('child_only')");
  const auto examined = [&] {
    return run_ctl({"doctor", "-d", all.postgres.conninfo("healthy")}).output;
  };
  CHECK(examined() == "ok: nothing is out of order\n");
  for (const auto& table : stream_tables)
    if (table[0] != "child_only")
      must(db, "SELECT pgtrickle.repair_stream_table('" + table[0] + "')");
  must(db, "INSERT INTO p VALUES (3, 50), (12, 60);"
           "INSERT INTO parent VALUES (5); INSERT INTO child VALUES (7, 8)");
  for (const auto& table : stream_tables)
    if (table[0] != "child_only")
      CHECK_MESSAGE(comes_true(db, table[0], 20s), table[0]);
  CHECK(examined() == "ok: nothing is out of order\n");
}

TEST_CASE("a stream table in ERROR is told of with what failed") {
  auto& all = the_installation();
  all.repair();
  all.create_database("failing");
  session db{all.postgres.conninfo("failing")};
  must(db, "ALTER DATABASE failing SET pg_trickle.max_consecutive_errors = 1");
  must(db, "CREATE TABLE a (i int); INSERT INTO a VALUES (1)");
  must(db, "SELECT pgtrickle.create_stream_table('ratios',"
           " 'SELECT 1 / i AS r FROM a', '1s')");
  must(db, "INSERT INTO a VALUES (0)");
  const auto here = all.postgres.conninfo("failing");
  REQUIRE(eventually(30s, [&] {
    return db.run("SELECT status FROM pgtrickle.pgt_stream_tables").value()
           == "ERROR";
  }));
  const auto told = run_ctl({"doctor", "-d", here});
  CHECK_MESSAGE(told.says("division by zero"), told.output);
  CHECK(told.says("SELECT pgtrickle.resume_stream_table('public.ratios')"));
  CHECK(run_ctl({"status", "-d", here}).status == 2);
  must(db, "DELETE FROM a WHERE i = 0");
  must(db, "SELECT pgtrickle.resume_stream_table('public.ratios')");
  CHECK(eventually(20s, [&] {
    return run_ctl({"status", "-d", here}).status == 0;
  }));
}
