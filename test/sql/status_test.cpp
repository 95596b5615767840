#include "test/sql/environment.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

namespace {

// Table t, stream table u over it and stream table v over u, as the daemon
// would have registered and filled them ten seconds ago.
session with_stream_tables() {
  auto db = the_environment().connect();
  CHECK(db.run(R"(
    DROP SCHEMA IF EXISTS shop CASCADE;
    DROP TABLE IF EXISTS pgtrickle_changes.changes_t, pgtrickle_changes.changes_u;
    DELETE FROM pgtrickle.pgt_stream_tables;
    TRUNCATE pgtrickle_changes.touched;
    CREATE SCHEMA shop;
    CREATE TABLE shop.t (a int);
    CREATE TABLE shop."U" (a int);
    CREATE TABLE shop.v (a int);
    GRANT USAGE ON SCHEMA shop TO bob;
    INSERT INTO pgtrickle.pgt_stream_tables
      (pgt_id, pgt_relid, pgt_name, pgt_schema, original_query,
       original_search_path, defining_query, schedule, refresh_mode, status,
       is_populated, data_timestamp, frontier)
    SELECT id, relation::regclass, 'n' || id, 'shop', '', '', '', NULL, 'AUTO',
           'ACTIVE', true, clock_timestamp() - interval '10 s',
           jsonb_build_object('snapshot', pg_current_snapshot(),
                              'own_xid', NULL)
    FROM (VALUES (1, 'shop."U"'), (2, 'shop.v')) AS r (id, relation);
    INSERT INTO pgtrickle.pgt_dependencies VALUES
      (1, 'shop.t'::regclass, 'TABLE', '{1}'),
      (2, 'shop."U"'::regclass, 'STREAM_TABLE', '{1}');
    DO $$
    DECLARE source oid;
    BEGIN
      FOR source IN SELECT source_relid FROM pgtrickle.pgt_dependencies LOOP
        EXECUTE format('DROP TABLE IF EXISTS pgtrickle_changes.changes_%s',
                       source);
        EXECUTE format('CREATE TABLE pgtrickle_changes.changes_%s
                          (__xid xid8, __weight smallint, c1 int)', source);
      END LOOP;
    END $$)")
          .sqlstate
        == "");
  return db;
}

// The number, as whole seconds.
std::string staleness(session& db, const std::string& name) {
  return db.run("SELECT trunc(pgtrickle.get_staleness('" + name + "'))")
    .value();
}

void capture(session& db, const std::string& source) {
  CHECK(db.run("INSERT INTO pgtrickle_changes.touched_1 VALUES"
               " (pg_current_xact_id(), '"
               + source + "'::regclass, 0, false, 1, 0, 0)")
          .sqlstate
        == "");
}

} // namespace

TEST_CASE("a stream table with nothing pending is fresh") {
  auto db = with_stream_tables();
  CHECK(staleness(db, "shop.\"U\"") == "0");
  CHECK(staleness(db, "shop.v") == "0");
}

TEST_CASE("a change of a source makes all downstream stream tables stale") {
  auto db = with_stream_tables();
  capture(db, "shop.t");
  CHECK(staleness(db, "shop.\"U\"") == "10");
  CHECK(staleness(db, "shop.v") == "10");
}

TEST_CASE("a change of an upstream stream table leaves that one fresh") {
  auto db = with_stream_tables();
  capture(db, "shop.\"U\"");
  CHECK(staleness(db, "shop.\"U\"") == "0");
  CHECK(staleness(db, "shop.v") == "10");
}

TEST_CASE("what a refresh wrote itself is not pending") {
  auto db = with_stream_tables();
  capture(db, "shop.\"U\"");
  db.run("UPDATE pgtrickle.pgt_stream_tables SET frontier = frontier ||"
         " jsonb_build_object('own_xid', (SELECT max(x) FROM (SELECT"
         " pg_current_xact_id()::text AS x) q))");
  db.run("UPDATE pgtrickle_changes.touched SET xid ="
         " (SELECT (frontier ->> 'own_xid')::xid8"
         " FROM pgtrickle.pgt_stream_tables WHERE pgt_id = 2)");
  CHECK(staleness(db, "shop.v") == "0");
}

TEST_CASE("a stream table that was never filled has no staleness") {
  auto db = with_stream_tables();
  db.run("UPDATE pgtrickle.pgt_stream_tables SET is_populated = false,"
         " data_timestamp = NULL WHERE pgt_id = 1");
  CHECK(staleness(db, "shop.\"U\"") == "(null)");
  CHECK(staleness(db, "shop.v") == "10");
}

TEST_CASE("a stream table whose buffer is gone counts as stale") {
  auto db = with_stream_tables();
  db.run("DO $$ BEGIN EXECUTE format('DROP TABLE pgtrickle_changes.changes_%s',"
         " 'shop.t'::regclass::oid); END $$");
  CHECK(staleness(db, "shop.v") == "10");
}

TEST_CASE("a plain user reads the staleness by the names of his search_path") {
  with_stream_tables();
  auto bob = the_environment().connect("bob");
  bob.run("SET search_path = shop");
  CHECK(staleness(bob, "v") == "0");
  CHECK(staleness(bob, "\"U\"") == "0");
  CHECK(
    bob.run("SELECT name, schedule, staleness FROM pgtrickle.pgt_status()").rows
    == std::vector<std::vector<std::string>>{
      {"shop.\"U\"", "calculated", "00:00:00"},
      {"shop.v", "calculated", "00:00:00"}});
}

TEST_CASE("functions that a caller puts before PostgreSQL's own are not run") {
  with_stream_tables();
  auto bob = the_environment().connect("bob");
  the_environment().connect().run("GRANT CREATE ON DATABASE postgres TO bob");
  bob.run("CREATE SCHEMA trap");
  for (const auto* function :
       {"to_regclass(text) RETURNS regclass",
        "pg_snapshot_xmax(pg_snapshot) RETURNS xid8",
        "statement_timestamp() RETURNS timestamptz",
        "jsonb_build_object(VARIADIC \"any\") RETURNS jsonb"})
    bob.run("CREATE FUNCTION trap." + std::string(function)
            + " LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$");
  bob.run("SET search_path = trap, pg_catalog");
  CHECK(staleness(bob, "shop.v") == "0");
  CHECK(bob.run("SELECT count(*) FROM pgtrickle.pgt_status()").value() == "2");
  bob.run("DROP SCHEMA trap CASCADE");
}

TEST_CASE("an unknown name is an error with a hint") {
  auto db = with_stream_tables();
  for (const auto* call :
       {"get_staleness('nowhere')", "get_refresh_history('nowhere')",
        "get_staleness('shop.t')"}) {
    const auto done = db.run("SELECT pgtrickle." + std::string(call));
    CHECK(done.sqlstate == "42P01");
    CHECK_FALSE(done.hint.empty());
  }
  CHECK(db.run("SELECT pgtrickle.get_staleness(NULL)").sqlstate == "22004");
}

TEST_CASE("the dependency tree shows sources under what reads them") {
  auto db = with_stream_tables();
  CHECK(db.run("SELECT tree_line, node_type, depth FROM"
               " pgtrickle.dependency_tree()")
          .rows
        == std::vector<std::vector<std::string>>{
          {"shop.v", "STREAM_TABLE", "0"},
          {"+- shop.\"U\"", "STREAM_TABLE", "1"},
          {"   +- shop.t", "TABLE", "2"}});
}

TEST_CASE("the refresh history is newest first and limited") {
  auto db = with_stream_tables();
  db.run("INSERT INTO pgtrickle.pgt_refresh_history (pgt_id, start_time,"
         " end_time, action, reason, status, initiated_by)"
         " SELECT 1, t, t + interval '250 ms', 'FULL', 'first fill',"
         " 'COMPLETED', 'MANUAL' FROM generate_series(1, 30) n,"
         " LATERAL (SELECT timestamptz '2026-01-01 UTC' + n * interval '1 s')"
         " AS at (t)");
  const auto history
    = db.run("SELECT extract(second FROM start_time AT TIME ZONE 'UTC')::int,"
             " duration_ms, reason, initiated_by"
             " FROM pgtrickle.get_refresh_history('shop.\"U\"')");
  CHECK(history.rows.size() == 20);
  CHECK(history.rows.at(0)
        == std::vector<std::string>{"30", "250", "first fill", "MANUAL"});
  CHECK(db.run("SELECT count(*) FROM"
               " pgtrickle.get_refresh_history('shop.\"U\"', 5)")
          .value()
        == "5");
}

} // namespace pgtrickle::test
