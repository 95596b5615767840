// From the release before to this one.

#include "test/sql/environment.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

namespace {

// Everything that belongs to the extension, with what makes it what it is. By
// names: numbers differ from database to database.
constexpr auto objects = R"sql(
  WITH members AS (
    SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS name
    FROM pg_depend d
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
      AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_trickle')
  ), relations AS (
    SELECT m.name, c.* FROM members m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
  ), facts AS (
    SELECT name AS object, 'comment' AS what, obj_description(objid, classid::regclass::name) AS fact FROM members
    UNION ALL SELECT m.name, 'function', concat_ws(E'\n', CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END, p.proacl, p.proowner::regrole)
    FROM members m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
    UNION ALL SELECT r.name, 'relation', concat_ws(' ', r.relkind, r.relpersistence, r.relacl, r.reloptions, r.relowner::regrole, r.relrowsecurity)
    FROM relations r
    UNION ALL SELECT r.name, 'view', pg_get_viewdef(r.oid) FROM relations r WHERE r.relkind = 'v'
    UNION ALL SELECT r.name, 'column ' || a.attnum, concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                     a.attidentity, a.attgenerated, a.attacl, pg_get_expr(d.adbin, d.adrelid), col_description(r.oid, a.attnum))
    FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0
    LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
    UNION ALL SELECT r.name, 'constraint ' || c.conname, pg_get_constraintdef(c.oid) FROM relations r JOIN pg_constraint c ON c.conrelid = r.oid
    UNION ALL SELECT r.name, 'index', pg_get_indexdef(i.indexrelid) FROM relations r JOIN pg_index i ON i.indrelid = r.oid
    UNION ALL SELECT r.name, 'trigger ' || t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
    FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
    UNION ALL SELECT r.name, 'dumped', e.condition FROM relations r
    JOIN (SELECT unnest(extconfig) AS relid, unnest(extcondition) AS condition FROM pg_extension WHERE extname = 'pg_trickle') e ON e.relid = r.oid
    UNION ALL SELECT m.name, 'event trigger', concat_ws(' ', t.evtevent, t.evtfoid::regproc, t.evtenabled, t.evttags)
    FROM members m JOIN pg_event_trigger t ON m.classid = 'pg_event_trigger'::regclass AND t.oid = m.objid
    UNION ALL SELECT m.name, 'schema', concat_ws(' ', n.nspowner::regrole, n.nspacl)
    FROM members m JOIN pg_namespace n ON m.classid = 'pg_namespace'::regclass AND n.oid = m.objid
  )
  SELECT object || ': ' || what, coalesce(fact, '') FROM facts ORDER BY 1, 2
)sql";

session in_new_database(const std::string& name) {
  auto db = the_environment().connect();
  must(db, "CREATE DATABASE " + name);
  return session(the_environment().postgres.conninfo(name));
}

} // namespace

TEST_CASE("an updated extension is object by object a new one") {
  auto fresh = in_new_database("fresh");
  must(fresh, "CREATE EXTENSION pg_trickle");
  auto updated = in_new_database("updated_objects");
  must(updated, "CREATE EXTENSION pg_trickle VERSION '0.26.0';"
                " ALTER EXTENSION pg_trickle UPDATE");
  const auto expected = fresh.run(objects);
  const auto found = updated.run(objects);
  REQUIRE(expected.message == "");
  REQUIRE(expected.rows.size() > 700);
  REQUIRE(found.rows.size() == expected.rows.size());
  for (std::size_t i = 0; i < expected.rows.size(); ++i) {
    CAPTURE(expected.rows[i][0]);
    REQUIRE(found.rows[i][0] == expected.rows[i][0]);
    REQUIRE(found.rows[i][1] == expected.rows[i][1]);
  }
}

TEST_CASE("there is no way back to the release before, and the error says so") {
  auto db = in_new_database("no_way_back");
  must(db, "CREATE EXTENSION pg_trickle");
  const auto refused = db.run("ALTER EXTENSION pg_trickle UPDATE TO '0.26.0'");
  CHECK(refused.sqlstate == "22023");
  CHECK(refused.message.find("no update path") != std::string::npos);
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

} // namespace pgtrickle::test
