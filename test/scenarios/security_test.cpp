#include "test/scenarios/installation.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

TEST_CASE("what is secret stays so") {
  scenario s;
  must(s.db, "CREATE TABLE numbers (a int); INSERT INTO numbers VALUES (0)");
  must(s.db, "SELECT pgtrickle.create_stream_table('same',"
             " 'SELECT a FROM numbers', '1h')");
  must(s.db, "BEGIN; SELECT pgtrickle.create_stream_table('inverse',"
             " 'SELECT 1 / a AS x FROM numbers'); COMMIT");
  const auto failed = "SELECT count(*) FROM pgtrickle.pending_calls()"
                      " WHERE failed_at IS NOT NULL";
  CHECK(eventually(5s, [&] { return s.db.run(failed).value() == "1"; }));

  auto bob = s.connect("bob");
  CHECK(bob.run(failed).value() == "0");
  CHECK(bob.run("SELECT * FROM pgtrickle.pgt_secret").sqlstate == "42501");
  const auto buffer = s.admin
                        .run("SELECT 'pgtrickle_changes.changes_'"
                             " || 'numbers'::regclass::oid")
                        .value();
  CHECK(bob.run("SELECT * FROM " + buffer).sqlstate == "42501");
  CHECK(s.db.run("SELECT * FROM " + buffer).sqlstate == "42501");
  CHECK(s.db.run("UPDATE pgtrickle.pgt_owner SET epoch = 0").sqlstate
        == "42501");
  must(s.admin, "DELETE FROM pgtrickle.pending_calls");
}

TEST_CASE("hostile names go through every function and back") {
  scenario s;
  const std::string column
    = s.admin.run("SELECT quote_ident('c\"; DROP TABLE x; --')").value();
  for (const auto& name : std::vector<std::string>{
         "a\"b", "a.b", "a'; DROP SCHEMA public; --", "$q$", "\\", "select",
         "Großer Käse", "two\nlines", " ", std::string(63, 'x')}) {
    CAPTURE(name);
    const auto base
      = s.admin
          .run("SELECT quote_ident(" + s.admin.literal("base " + name) + ")")
          .value();
    const auto table
      = s.admin.run("SELECT quote_ident(" + s.admin.literal(name) + ")")
          .value();
    const auto argument = s.admin.literal(table);
    must(s.db, "CREATE TABLE " + base + " (" + column + " int)");
    must(s.db, "SELECT pgtrickle.create_stream_table(" + argument + ", "
                 + s.admin.literal("SELECT " + column
                                   + ", count(*) AS \"n\"\"\" FROM " + base
                                   + " GROUP BY 1")
                 + ", '1h')");
    must(s.db, "INSERT INTO " + base + " VALUES (1), (1), (2)");
    must(s.db, "SELECT pgtrickle.refresh_stream_table(" + argument + ")");
    CHECK(holds(s.admin, table));
    must(s.db, "SELECT pgtrickle.alter_stream_table(" + argument
                 + ", status => 'SUSPENDED')");
    must(s.db, "SELECT pgtrickle.resume_stream_table(" + argument + ")");
    CHECK(s.db
            .run("SELECT value = " + s.admin.literal(s.schema + "." + table)
                 + " FROM pgtrickle.explain_st(" + argument
                 + ") WHERE property = 'stream_table'")
            .value()
          == "t");
    CHECK(s.db
            .run("SELECT count(*) > 0 FROM pgtrickle.get_refresh_history("
                 + argument + ")")
            .value()
          == "t");
    CHECK(s.db.run("SELECT pgtrickle.get_staleness(" + argument + ")").value()
          == "0");
    must(s.db, "BEGIN; SELECT pgtrickle.alter_stream_table(" + argument
                 + ", schedule => '2h'); COMMIT");
    CHECK(eventually(5s, [&] {
      return s.db
               .run("SELECT schedule FROM pgtrickle.pgt_status()"
                    " WHERE name = "
                    + s.admin.literal(s.schema + "." + table))
               .value()
             == "2h";
    }));
    must(s.db, "SELECT pgtrickle.drop_stream_table(" + argument + ")");
  }
}

TEST_CASE(
  "a function in a defining query gets no more than its owner's rights") {
  scenario s;
  must(s.db, "CREATE TABLE base (a int); INSERT INTO base VALUES (1);"
             "CREATE FUNCTION who(int) RETURNS text LANGUAGE plpgsql IMMUTABLE"
             " AS 'BEGIN RETURN current_user; END';"
             "CREATE FUNCTION escape(int) RETURNS text LANGUAGE plpgsql"
             " IMMUTABLE AS 'BEGIN PERFORM set_config(''role'', ''none'',"
             " true); RETURN current_user; END';"
             "CREATE FUNCTION steal(int) RETURNS bytea LANGUAGE plpgsql"
             " IMMUTABLE AS 'BEGIN RETURN (SELECT secret FROM"
             " pgtrickle.pgt_secret); END'");
  must(s.db, "SELECT pgtrickle.create_stream_table('me',"
             " 'SELECT who(a) AS who FROM base', '1h')");
  CHECK(s.db.run("SELECT who FROM me").value() == "alice");
  must(s.db, "INSERT INTO base VALUES (2)");
  must(s.db, "SELECT pgtrickle.refresh_stream_table('me')");
  CHECK(s.db.run("SELECT DISTINCT who FROM me").value() == "alice");
  for (const std::string trap : {"escape", "steal"}) {
    CAPTURE(trap);
    CHECK(s.db
            .run("SELECT pgtrickle.create_stream_table('loot', 'SELECT " + trap
                 + "(a) AS x FROM base')")
            .sqlstate
          == "42501");
    CHECK(s.db.run("SELECT to_regclass('loot')").value() == "(null)");
  }
}

TEST_CASE("a search_path that shadows pg_catalog leads the daemon nowhere") {
  scenario s;
  must(s.db, "CREATE TABLE base (a int); CREATE TABLE loot (who name)");
  for (const std::string function :
       {"parse_ident(text) RETURNS text[]",
        "to_regclass(text) RETURNS regclass",
        "to_regnamespace(text) RETURNS regnamespace"}) {
    const auto name = function.substr(0, function.find('('));
    must(s.db, "CREATE FUNCTION " + function
                 + " LANGUAGE plpgsql AS 'BEGIN INSERT INTO " + s.schema
                 + ".loot VALUES (current_user); RETURN pg_catalog." + name
                 + "($1); END'");
  }
  must(s.db,
       "CREATE FUNCTION current_schema() RETURNS name LANGUAGE plpgsql"
       " AS 'BEGIN INSERT INTO "
         + s.schema
         + ".loot VALUES (current_user); RETURN pg_catalog.current_schema();"
           " END';"
           "CREATE FUNCTION pg_has_role(text, oid, text) RETURNS boolean"
           " LANGUAGE plpgsql AS 'BEGIN INSERT INTO "
         + s.schema + ".loot VALUES (current_user); RETURN true; END'");
  must(s.db, "SET search_path = " + s.schema + ", pg_catalog");
  s.db.run("SELECT pgtrickle.create_stream_table('reader',"
           " 'SELECT a FROM base', '1h')");
  s.db.run("SELECT pgtrickle.refresh_stream_table('reader')");
  s.db.run("SELECT * FROM pgtrickle.explain_st('reader')");
  s.db.run("SELECT pgtrickle.alter_stream_table('reader', schedule => '2h')");
  s.db.run("SELECT pgtrickle.drop_stream_table('reader')");
  CHECK(s.admin.run("SELECT count(*) FROM loot WHERE who <> 'alice'").value()
        == "0");
}

} // namespace pgtrickle::test
