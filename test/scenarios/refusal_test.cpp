#include "test/scenarios/installation.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

namespace {

/// Everything in the database that a definition could leave behind.
std::string inventory(session& admin) {
  return admin
    .run("SELECT ROW((SELECT count(*) FROM pg_class"
         "   WHERE relpersistence <> 't'),"
         " (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_trigger),"
         " (SELECT count(*) FROM pgtrickle.pgt_stream_tables),"
         " (SELECT count(*) FROM pgtrickle.pgt_dependencies),"
         " (SELECT count(*) FROM pgtrickle.pgt_refresh_history),"
         " (SELECT count(*) FROM pgtrickle.pending_calls))")
    .value();
}

std::string creation(const std::string& query,
                     const std::string& schedule = "1h",
                     const std::string& mode = "AUTO") {
  return "SELECT pgtrickle.create_stream_table('refused', $q$" + query
         + "$q$, '" + schedule + "', '" + mode + "')";
}

/// A refused statement has its SQLSTATE, names the object, says what to do,
/// and leaves nothing behind.
void check_refused(scenario& s, session& by, const std::string& statement,
                   const std::string& sqlstate, const std::string& object) {
  CAPTURE(statement.substr(0, 200));
  const auto before = inventory(s.admin);
  const auto refused = by.run(statement);
  CAPTURE(refused.message);
  CHECK(refused.sqlstate == sqlstate);
  CHECK((refused.message + refused.detail).find(object) != std::string::npos);
  CHECK_FALSE(refused.hint.empty());
  CHECK(inventory(s.admin) == before);
  CHECK(s.admin.run("SELECT to_regclass('refused')").value() == "(null)");
}

} // namespace

TEST_CASE("a definition that can't be is refused, and leaves nothing behind") {
  scenario s;
  must(s.db, "CREATE TABLE sales (region text, amount int);"
             "INSERT INTO sales VALUES ('north', 1);"
             "CREATE FUNCTION dice() RETURNS int LANGUAGE sql VOLATILE"
             " AS 'SELECT 4'");
  must(s.db, "SELECT pgtrickle.create_stream_table('taken',"
             " 'SELECT region FROM sales', '1h')");
  must(s.admin, "CREATE TABLE hidden (secret int)");

  SUBCASE("an unknown table") {
    check_refused(s, s.db, creation("SELECT * FROM nowhere"), "42P01",
                  "nowhere");
  }
  SUBCASE("an unknown column") {
    check_refused(s, s.db, creation("SELECT colour FROM sales"), "42703",
                  "colour");
  }
  SUBCASE("no SELECT") {
    check_refused(s, s.db, creation("DELETE FROM sales"), "42601", "SELECT");
  }
  SUBCASE("two statements") {
    check_refused(s, s.db, creation("SELECT 1 AS one; SELECT 2 AS two"),
                  "42601", "one SELECT");
  }
  SUBCASE("a volatile function in DIFFERENTIAL") {
    check_refused(
      s, s.db,
      creation("SELECT region, dice() FROM sales", "1h", "DIFFERENTIAL"),
      "0A000", "dice");
  }
  SUBCASE("an unknown mode") {
    check_refused(s, s.db, creation("SELECT region FROM sales", "1h", "FAST"),
                  "22023", "FAST");
  }
  SUBCASE("a schedule that is none") {
    check_refused(s, s.db, creation("SELECT region FROM sales", "soon"),
                  "22023", "soon");
    check_refused(s, s.db, creation("SELECT region FROM sales", "61 * * * *"),
                  "22023", "61");
  }
  SUBCASE("a name that is taken") {
    check_refused(
      s, s.db,
      "SELECT pgtrickle.create_stream_table('taken', 'SELECT 1 AS one')",
      "42P07", "taken");
  }
  SUBCASE("a schema that does not exist") {
    check_refused(s, s.db,
                  "SELECT pgtrickle.create_stream_table('nowhere.refused',"
                  " 'SELECT 1 AS one')",
                  "3F000", "nowhere");
  }
  SUBCASE("a schema without CREATE") {
    check_refused(s, s.db,
                  "SELECT pgtrickle.create_stream_table('pgtrickle.refused',"
                  " 'SELECT 1 AS one')",
                  "42501", "pgtrickle");
  }
  SUBCASE("no rights on a source") {
    check_refused(s, s.db, creation("SELECT secret FROM hidden"), "42501",
                  "hidden");
  }
  SUBCASE("a query over 1 MB") {
    check_refused(s, s.db,
                  creation("SELECT region, '" + std::string(1024 * 1024, 'x')
                           + "' AS long FROM sales"),
                  "54000", "query");
  }
  SUBCASE("an error while it is filled") {
    const auto before = inventory(s.admin);
    CHECK(s.db.run(creation("SELECT 1 / (amount - 1) AS x FROM sales")).sqlstate
          == "22012");
    CHECK(inventory(s.admin) == before);
  }
  SUBCASE("a stream table that does not exist") {
    check_refused(s, s.db, "SELECT pgtrickle.refresh_stream_table('refused')",
                  "42P01", "refused");
    check_refused(s, s.db, "SELECT pgtrickle.drop_stream_table('sales')",
                  "42P01", "sales");
  }
  SUBCASE("resuming what runs") {
    check_refused(s, s.db, "SELECT pgtrickle.resume_stream_table('taken')",
                  "55000", "taken");
  }
}

TEST_CASE("a cycle is refused with its path") {
  scenario s;
  must(s.db, "CREATE TABLE base (a int)");
  must(s.db, "SELECT pgtrickle.create_stream_table('lower',"
             " 'SELECT a FROM base')");
  must(s.db, "SELECT pgtrickle.create_stream_table('upper',"
             " 'SELECT a FROM lower')");
  const auto refused = s.db.run("SELECT pgtrickle.alter_stream_table('lower',"
                                " query => 'SELECT a FROM upper')");
  CHECK(refused.sqlstate == "42P15");
  CHECK(refused.detail.find("upper") != std::string::npos);
  CHECK(refused.detail.find("lower") != std::string::npos);
  CHECK_FALSE(refused.hint.empty());
  must(s.db, "INSERT INTO base VALUES (1)");
  must(s.db, "SELECT pgtrickle.refresh_stream_table('upper')");
  CHECK(holds(s.admin, "upper"));
}

TEST_CASE("nobody acts on another one's stream table") {
  scenario s;
  must(s.db, "CREATE TABLE base (a int)");
  must(s.db, "SELECT pgtrickle.create_stream_table('mine',"
             " 'SELECT a FROM base')");
  const auto copy = s.schema + ".copy";
  must(s.db, "SELECT pgtrickle.snapshot_stream_table('mine', '" + copy + "')");
  must(s.db, "GRANT USAGE ON SCHEMA " + s.schema + " TO bob");
  auto bob = s.connect("bob");
  for (const auto& statement : std::vector<std::string>{
         "SELECT pgtrickle.refresh_stream_table('mine')",
         "SELECT pgtrickle.snapshot_stream_table('mine')",
         "SELECT pgtrickle.restore_from_snapshot('mine', '" + copy + "')",
         "SELECT pgtrickle.restore_stream_table_to('mine', now())",
         "SELECT pgtrickle.drop_snapshot('" + copy + "')",
         "SELECT pgtrickle.adopt_snapshot('" + copy + "')",
         "SELECT * FROM pgtrickle.verify_snapshot('" + copy + "')",
         "SELECT pgtrickle.set_stream_table_sla('mine', '1s')",
         "SELECT pgtrickle.apply_schedule_recommendation('mine')",
         "SELECT pgtrickle.issue_token('alice')",
         "SELECT pgtrickle.repair_stream_table('mine')",
         "SELECT pgtrickle.drain_node('first')",
         "SELECT * FROM pgtrickle.doctor()",
         "SELECT * FROM pgtrickle.alerts()",
         "SELECT pgtrickle.drop_stream_table('mine')",
         "SELECT pgtrickle.resume_stream_table('mine')",
         "SELECT * FROM pgtrickle.explain_st('mine')",
         "SELECT pgtrickle.alter_stream_table('mine', status => 'SUSPENDED')",
         "SELECT pgtrickle.create_stream_table('theirs', 'SELECT 1 AS one')",
         "BEGIN; SELECT pgtrickle.drop_stream_table('mine'); COMMIT"}) {
    CAPTURE(statement);
    CHECK(bob.run(statement).sqlstate == "42501");
    bob.run("ROLLBACK");
  }
  CHECK(holds(s.admin, "mine"));
}

TEST_CASE("what is for everybody answers everybody") {
  scenario s;
  must(s.db, "CREATE TABLE base (a int)");
  must(s.db, "SELECT pgtrickle.create_stream_table('mine',"
             " 'SELECT a FROM base')");
  must(s.db, "SELECT pgtrickle.snapshot_stream_table('mine')");
  must(s.db, "GRANT USAGE ON SCHEMA " + s.schema + " TO bob");
  auto bob = s.connect("bob");
  for (const std::string call :
       {"cluster_nodes()", "dependency_tree()", "forecast('mine')",
        "get_refresh_history('mine')", "get_staleness('mine')",
        "list_snapshots()", "maintenance_windows('10min')", "pending_calls()",
        "pgt_status()", "ping()", "planner_backtest('mine')",
        "recommend_schedule('mine')", "schedule_changes()",
        "schedule_recommendations()", "snapshot_progress()",
        "validate_query('SELECT 1 AS one')", "version()"}) {
    const auto done = bob.run("SELECT * FROM pgtrickle." + call);
    CHECK_MESSAGE(done.sqlstate.empty(), call << done.message);
  }
}

TEST_CASE("a stream table whose source is dropped says so and keeps its rows") {
  scenario s;
  must(s.db, "CREATE TABLE base (a int); INSERT INTO base VALUES (1)");
  must(s.db, "SELECT pgtrickle.create_stream_table('reader',"
             " 'SELECT a FROM base', '1h')");
  must(s.db, "DROP TABLE base CASCADE");
  const auto refused
    = s.db.run("SELECT pgtrickle.refresh_stream_table('reader')");
  CHECK(refused.sqlstate == "42P01");
  CHECK((refused.message + refused.detail).find("base") != std::string::npos);
  CHECK_FALSE(refused.hint.empty());
  CHECK(s.db.run("SELECT a FROM reader").value() == "1");

  must(s.db, "CREATE TABLE base (a int); INSERT INTO base VALUES (2)");
  must(s.db, "SELECT pgtrickle.resume_stream_table('reader')");
  must(s.db, "SELECT pgtrickle.refresh_stream_table('reader')");
  CHECK(s.db.run("SELECT a FROM reader").value() == "2");
}

} // namespace pgtrickle::test
