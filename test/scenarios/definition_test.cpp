#include "test/scenarios/installation.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

namespace {

const std::string sales_table
  = "CREATE TABLE sales (region text, amount int);"
    "INSERT INTO sales VALUES ('north', 1), ('north', 2), ('south', 5)";

const std::string totals
  = "SELECT pgtrickle.create_stream_table('totals',"
    " 'SELECT region, sum(amount) AS total FROM sales GROUP BY region', '1h')";

std::string status_of(session& db, const std::string& column) {
  return db
    .run("SELECT " + column
         + " FROM pgtrickle.pgt_status()"
           " WHERE name LIKE '%totals'")
    .value();
}

} // namespace

TEST_CASE("a stream table is created, filled, refreshed and dropped") {
  scenario s;
  must(s.db, sales_table);
  must(s.db, totals);
  CHECK(holds(s.admin, "totals"));
  CHECK(status_of(s.db, "status") == "ACTIVE");

  must(s.db, "INSERT INTO sales VALUES ('west', 7)");
  must(s.db, "DELETE FROM sales WHERE region = 'south'");
  must(s.db, "SELECT pgtrickle.refresh_stream_table('totals')");
  CHECK(holds(s.admin, "totals"));
  CHECK(s.db
          .run("SELECT action || ' ' || status || ' ' || initiated_by FROM"
               " pgtrickle.get_refresh_history('totals', 1)")
          .value()
        == "DIFFERENTIAL COMPLETED MANUAL");
  CHECK(s.db.run("SELECT pgtrickle.get_staleness('totals')").value() == "0");

  must(s.db, "SELECT pgtrickle.drop_stream_table('totals')");
  CHECK(s.db.run("SELECT to_regclass('totals')").value() == "(null)");
  CHECK(s.admin.run("SELECT count(*) FROM pgtrickle.pgt_stream_tables").value()
        == "0");
}

TEST_CASE("the first fill is recorded as INITIAL") {
  scenario s;
  must(s.db, sales_table);
  must(s.db, totals);
  CHECK(s.db
          .run("SELECT string_agg(action || ' ' || status || ' '"
               " || initiated_by, ',')"
               " FROM pgtrickle.get_refresh_history('totals')")
          .value()
        == "FULL COMPLETED INITIAL");
}

TEST_CASE("create_stream_table_if_not_exists leaves what exists") {
  scenario s;
  must(s.db, sales_table);
  must(s.db, totals);
  const auto again
    = s.db.run("SELECT pgtrickle.create_stream_table_if_not_exists('totals',"
               " 'SELECT 1 AS one')");
  CHECK(again.sqlstate.empty());
  REQUIRE(s.db.notices().size() == 1);
  CHECK(s.db.notices()[0].find("already exists, skipping")
        != std::string::npos);
  CHECK(holds(s.admin, "totals"));
  must(s.db, "SELECT pgtrickle.create_stream_table_if_not_exists('other',"
             " 'SELECT region FROM sales')");
  CHECK(holds(s.admin, "other"));
}

TEST_CASE("a stream table that is not initialized is filled by its schedule") {
  scenario s;
  must(s.db, sales_table);
  must(s.db, "SELECT pgtrickle.create_stream_table('totals',"
             " 'SELECT region FROM sales', '1s', initialize => false)");
  CHECK(
    eventually(10s, [&] { return status_of(s.db, "is_populated") == "t"; }));
  CHECK(holds(s.admin, "totals"));
}

TEST_CASE("query, schedule, mode and status can be altered") {
  scenario s;
  must(s.db, sales_table);
  must(s.db, totals);

  must(s.db, "SELECT pgtrickle.alter_stream_table('totals', query =>"
             " 'SELECT region, sum(amount + 1) AS total FROM sales"
             " GROUP BY region')");
  CHECK(comes_true(s.admin, "totals"));
  CHECK(s.db.run("SELECT total FROM totals WHERE region = 'south'").value()
        == "6");

  must(s.db, "SELECT pgtrickle.alter_stream_table('totals',"
             " refresh_mode => 'FULL', schedule => '1s')");
  CHECK(status_of(s.db, "refresh_mode") == "FULL");
  CHECK(status_of(s.db, "schedule") == "1s");
  must(s.db, "INSERT INTO sales VALUES ('east', 3)");
  CHECK(comes_true(s.admin, "totals"));

  must(s.db, "SELECT pgtrickle.alter_stream_table('totals',"
             " status => 'SUSPENDED')");
  must(s.db, "INSERT INTO sales VALUES ('east', 4)");
  const auto refused
    = s.db.run("SELECT pgtrickle.refresh_stream_table('totals')");
  CHECK(refused.sqlstate == "55000");
  CHECK(refused.hint.find("resume_stream_table") != std::string::npos);
  CHECK(throughout(2500ms, [&] { return !holds(s.admin, "totals"); }));

  must(s.db, "SELECT pgtrickle.resume_stream_table('totals')");
  CHECK(comes_true(s.admin, "totals"));
}

TEST_CASE("a stream table takes its readers along only if asked to") {
  scenario s;
  must(s.db, sales_table);
  must(s.db, totals);
  must(s.db, "SELECT pgtrickle.create_stream_table('above',"
             " 'SELECT region FROM totals WHERE total > 3')");
  const auto refused = s.db.run("SELECT pgtrickle.drop_stream_table('totals')");
  CHECK(refused.sqlstate == "2BP01");
  CHECK(refused.detail.find("above") != std::string::npos);
  CHECK(holds(s.admin, "above"));
  must(s.db, "SELECT pgtrickle.drop_stream_table('totals', cascade => true)");
  CHECK(s.db.run("SELECT to_regclass('above')").value() == "(null)");
}

TEST_CASE("explain and validate tell how a query is maintained") {
  scenario s;
  must(s.db, sales_table);
  must(s.db, totals);
  CHECK(s.db
          .run("SELECT value FROM pgtrickle.explain_st('totals')"
               " WHERE property = 'operators'")
          .value()
          .find("aggregate")
        != std::string::npos);
  CHECK(s.db
          .run("SELECT result FROM pgtrickle.validate_query("
               "'SELECT DISTINCT region FROM sales')"
               " WHERE check_name = 'refresh_mode'")
          .value()
        == "DIFFERENTIAL");
  CHECK(s.db
          .run("SELECT result FROM pgtrickle.validate_query("
               "'SELECT region, random() FROM sales')"
               " WHERE check_name = 'refresh_mode'")
          .value()
          .find("FULL")
        == 0);
  const auto tree = s.db.run("SELECT node, node_type, depth"
                             " FROM pgtrickle.dependency_tree()");
  REQUIRE(tree.rows.size() == 2);
  CHECK(tree.rows[1][1] == "TABLE");
}

TEST_CASE("writing to a stream table is refused") {
  scenario s;
  must(s.db, sales_table);
  must(s.db, totals);
  for (const auto* statement :
       {"INSERT INTO totals VALUES ('x', 1)", "UPDATE totals SET total = 0",
        "DELETE FROM totals", "TRUNCATE totals"}) {
    CAPTURE(statement);
    const auto refused = s.db.run(statement);
    CHECK_FALSE(refused.sqlstate.empty());
    CHECK(refused.message.find("totals") != std::string::npos);
  }
  CHECK(holds(s.admin, "totals"));
}

} // namespace pgtrickle::test
