// pgtricklectl snapshot copy, between two clusters.

#include "test/actors/ctl/clusters.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle::test;

namespace {

finished_run copy(const stage& s, const std::string& name,
                  const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments{"snapshot", "copy", name,  "--from",
                                     s.from(),   "--to", s.to()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_ctl(arguments);
}

std::string comment_of(session& db, const std::string& table) {
  return db
    .run("SELECT obj_description(" + db.literal(table)
         + "::regclass, 'pg_class')")
    .value();
}

} // namespace

TEST_CASE("a copy has the snapshot's rows and comment and is registered") {
  stage s;
  s.make_snapshot("kept", "SELECT i, i * 1.5 AS half FROM "
                          "generate_series(1, 10000) AS i");
  const auto done = copy(s, "kept", {"--format", "tsv"});
  INFO(done.output);
  CHECK(done.status == 0);
  CHECK(done.says("\"public\".\"kept\"\t10000\t"));
  CHECK(done.says("\tt\tt\n"));
  CHECK(s.rows_at_target("kept") == s.rows_at_source("kept"));
  CHECK(comment_of(*s.target, "kept") == comment_of(*s.source, "kept"));
  CHECK(s.target
          ->run("SELECT count(*) FROM pgtrickle.pgt_snapshots"
                " WHERE snapshot_relid = 'public.kept'::regclass")
          .value()
        == "1");
  CHECK(s.partial_copies() == 0);
}

TEST_CASE("pieces of any size make up the same rows") {
  stage s;
  s.make_snapshot("kept", "SELECT i, repeat('x', i % 500) AS t FROM "
                          "generate_series(1, 3000) AS i");
  for (const auto* blocks : {"1", "7", "100000"}) {
    const auto name = std::string{"copy_"} + blocks;
    const auto done = copy(s, "kept", {"--as", name, "--piece-blocks", blocks});
    INFO(done.output);
    CHECK(done.status == 0);
    CHECK(s.rows_at_target(name) == s.rows_at_source("kept"));
  }
}

TEST_CASE("a snapshot without rows is copied") {
  stage s;
  s.make_snapshot("kept", "SELECT 1 AS a, ''::text AS b WHERE false");
  const auto done = copy(s, "kept");
  INFO(done.output);
  CHECK(done.status == 0);
  CHECK(s.rows_at_target("kept") == "0 ");
}

TEST_CASE("names may be anything that PostgreSQL takes") {
  stage s;
  for (auto* db : {&*s.source, &*s.target})
    must(*db, R"(CREATE SCHEMA "my "" schema")");
  const std::string table = R"("my "" schema"."a.b, ""c"" 'd' $e\")";
  s.make_snapshot(table, R"(SELECT 1 AS "x, ""y"" \ 'z'", NULL::int AS "?")");
  const auto done = copy(s, table);
  INFO(done.output);
  CHECK(done.status == 0);
  CHECK(s.rows_at_target(table) == s.rows_at_source(table));
}

namespace {

constexpr auto types = R"__(CREATE SCHEMA "my types";
  CREATE TYPE "my types"."the mood, (2)" AS ENUM ('good', 'b,ad');
  CREATE TYPE "my types".pair AS (a int, m "my types"."the mood, (2)");
  CREATE DOMAIN "my types".price AS numeric(10,2) CHECK (VALUE > 0))__";

constexpr auto row_of_types = R"__(SELECT
  12.5::numeric(10,2) AS n, 'abc'::varchar(5) AS v, 'x' COLLATE "C" AS c,
  ARRAY[1, NULL, 3] AS a, '2026-11-26 20:15+02'::timestamptz(3) AS w,
  '1 mon 2 days'::interval day AS d, 'NaN'::float8 AS f, '\x00ff'::bytea AS y,
  '{"a": [1, null]}'::jsonb AS j, '(1,"b,ad")'::"my types".pair AS p,
  ARRAY['good']::"my types"."the mood, (2)"[] AS e,
  3.14::"my types".price AS r, '[1,5)'::int4range AS g, 'x'::"char" AS h,
  NULL::text AS z, E'tab\there\n\\N' AS l)__";

} // namespace

TEST_CASE("types and collations arrive as they were") {
  stage s;
  for (auto* db : {&*s.source, &*s.target}) {
    // The same types, under other numbers.
    if (db == &*s.target)
      must(*db, "CREATE TABLE shift (a int); CREATE TABLE shift_more (a int)");
    must(*db, types);
  }
  s.make_snapshot("kept", row_of_types);
  const auto done = copy(s, "kept");
  INFO(done.output);
  CHECK(done.status == 0);
  CHECK(s.rows_at_target("kept") == s.rows_at_source("kept"));
  const std::string columns
    = "SELECT string_agg(format_type(atttypid, atttypmod) || ' '"
      " || attcollation::regcollation, ', ' ORDER BY attnum) FROM pg_attribute"
      " WHERE attrelid = 'kept'::regclass AND attnum > 0";
  CHECK(s.target->run(columns).value() == s.source->run(columns).value());
}

TEST_CASE("a type whose numbers mean something else elsewhere goes as text") {
  stage s;
  must(*s.source, "CREATE TABLE named (a int)");
  must(*s.target, "CREATE TABLE other (a int); CREATE TABLE named (a int)");
  s.make_snapshot("kept", "SELECT ARRAY['named'::regclass] AS r");
  const auto done = copy(s, "kept");
  INFO(done.output);
  CHECK(done.status == 0);
  CHECK(s.target->run("SELECT r[1]::text FROM kept").value() == "named");
}

TEST_CASE("a type that the target lacks is named") {
  stage s;
  must(*s.source, "CREATE TYPE mood AS ENUM ('good')");
  s.make_snapshot("kept", R"(SELECT 'good'::mood AS "M")");
  const auto done = copy(s, "kept");
  CHECK(done.status == 1);
  CHECK(
    done.says("type public.mood of column \"M\" does not exist at the target"));
  CHECK(done.says("HINT: Create the type there"));
  CHECK(!s.target_has("kept"));
  CHECK(s.partial_copies() == 0);
}

TEST_CASE("a changed row is found at the end and nothing gets the name") {
  stage s;
  s.make_snapshot("kept", "SELECT i FROM generate_series(1, 1000) AS i");
  must(*s.source, "UPDATE kept SET i = -1 WHERE i = 500");
  const auto done = copy(s, "kept");
  CHECK(done.status == 1);
  CHECK(
    done.says("the rows of \"public\".\"kept\" are not those of the snapshot"));
  CHECK(done.says("DETAIL: 1000 rows with hash "));
  CHECK(!s.target_has("kept"));
  CHECK(s.partial_copies() == 0);
}

TEST_CASE("a missing row is found where the hash can't be computed too") {
  stage s{equipment::nothing};
  s.make_snapshot("kept", "SELECT i FROM generate_series(1, 1000) AS i");
  must(*s.source, "DELETE FROM kept WHERE i = 500");
  const auto done = copy(s, "kept");
  CHECK(done.status == 1);
  CHECK(done.says("DETAIL: 999 rows with hash  instead of 1000 with "));
  CHECK(!s.target_has("kept"));
}

TEST_CASE("a copy that is there already is checked") {
  stage s;
  s.make_snapshot("kept", "SELECT i FROM generate_series(1, 1000) AS i");
  REQUIRE(copy(s, "kept").status == 0);
  const auto again = copy(s, "kept");
  CHECK(again.status == 0);
  CHECK(again.says("the target has this snapshot already"));
  must(*s.target, "UPDATE kept SET i = -1 WHERE i = 500");
  const auto tampered = copy(s, "kept");
  CHECK(tampered.status == 1);
  CHECK(tampered.says("HINT: Drop it at the target"));
  CHECK(s.target_has("kept"));
}

TEST_CASE("without the extension a copy has its comment and a remark") {
  stage s{equipment::nothing};
  s.make_snapshot("kept", "SELECT i FROM generate_series(1, 1000) AS i");
  const auto done = copy(s, "kept", {"-f", "tsv"});
  INFO(done.output);
  CHECK(done.status == 0);
  CHECK(done.says("The target lacks the extension pg_trickle"));
  CHECK(done.says("\tf\tf\n"));
  CHECK(comment_of(*s.target, "kept") == comment_of(*s.source, "kept"));
}

TEST_CASE("a copy that could not be registered is by the same command") {
  stage s;
  s.make_snapshot("kept", "SELECT i FROM generate_series(1, 10) AS i");
  must(*s.target, "ALTER FUNCTION pgtrickle.adopt_snapshot RENAME TO adopt;"
                  "CREATE FUNCTION pgtrickle.adopt_snapshot(text) RETURNS text"
                  " LANGUAGE plpgsql AS $$ BEGIN RAISE 'no daemon'"
                  " USING ERRCODE = '08001', HINT = 'Start it.'; END $$");
  const auto failed = copy(s, "kept");
  CHECK(failed.status == 1);
  CHECK(failed.says("\"public\".\"kept\" is complete, but not registered: "
                    "target: no daemon"));
  CHECK(failed.says("HINT: Start it."));
  CHECK(s.target_has("kept"));
  must(*s.target, "DROP FUNCTION pgtrickle.adopt_snapshot;"
                  "ALTER FUNCTION pgtrickle.adopt RENAME TO adopt_snapshot");
  const auto done = copy(s, "kept", {"-f", "tsv"});
  INFO(done.output);
  CHECK(done.status == 0);
  CHECK(done.says("\tt\tt\n"));
}

TEST_CASE("a name that is taken is left alone") {
  stage s;
  s.make_snapshot("kept", "SELECT 1 AS i");
  must(*s.target, "CREATE TABLE kept (precious int)");
  const auto done = copy(s, "kept");
  CHECK(done.status == 1);
  CHECK(done.says("\"public\".\"kept\" exists at the target"));
  CHECK(done.says("--as"));
  CHECK(s.target->run("SELECT count(precious) FROM kept").value() == "0");
}

TEST_CASE("where nothing may be created the hint names --as") {
  stage s;
  s.make_snapshot("pgtrickle.kept", "SELECT 1 AS i");
  s.target->run("CREATE ROLE alice LOGIN");
  must(*s.target, "CREATE SCHEMA alice AUTHORIZATION alice;"
                  "GRANT USAGE ON SCHEMA pgtrickle TO alice;"
                  "GRANT ALL ON pgtrickle.pgt_snapshots TO alice");
  const std::vector<std::string> command{
    "snapshot", "copy", "kept", "--from", s.from(), "--to", s.to("alice")};
  const auto refused = run_ctl(command);
  CHECK(refused.status == 1);
  CHECK(refused.says(
    "nothing may be created in schema \"pgtrickle\" at the target"));
  CHECK(refused.says("HINT: Name another place by --as schema.table"));
  auto elsewhere = command;
  elsewhere.insert(elsewhere.end(), {"--as", "alice.kept"});
  const auto done = run_ctl(elsewhere);
  INFO(done.output);
  CHECK(done.status == 0);
  CHECK(s.rows_at_target("alice.kept") == s.rows_at_source("pgtrickle.kept"));
}

TEST_CASE("a schema that the target lacks is named") {
  stage s;
  s.make_snapshot("kept", "SELECT 1 AS i");
  const auto done = copy(s, "kept", {"--as", "\"No\".kept"});
  CHECK(done.status == 1);
  CHECK(done.says("schema \"No\" does not exist at the target"));
}

TEST_CASE("what is no snapshot is refused") {
  stage s;
  must(*s.source, "CREATE TABLE plain (a int); CREATE VIEW seen AS SELECT 1");
  CHECK(copy(s, "plain").says("\"public\".\"plain\" is not a snapshot"));
  CHECK(copy(s, "seen").says("seen is not a table"));
  CHECK(copy(s, "nowhere").says("there is no table nowhere"));
  CHECK(s.partial_copies() == 0);
}

TEST_CASE("row-level security never thins a copy") {
  stage s;
  s.make_snapshot("kept", "SELECT i FROM generate_series(1, 10) AS i");
  s.source->run("CREATE ROLE reader LOGIN");
  must(*s.source, "ALTER TABLE kept ENABLE ROW LEVEL SECURITY;"
                  "CREATE POLICY few ON kept USING (i < 5);"
                  "GRANT SELECT ON kept TO reader");
  auto from = s.from();
  from.replace(from.find("user=postgres"), 13, "user=reader");
  const auto done
    = run_ctl({"snapshot", "copy", "kept", "--from", from, "--to", s.to()});
  CHECK(done.status == 1);
  CHECK(done.says("row-level security"));
  CHECK(!s.target_has("kept"));
}

TEST_CASE("a password is never shown") {
  stage s;
  for (const auto* secret :
       {"host=localhost port=1 password=geheim", "password='geheim",
        "host=x geheim", "postgresql://me:geheim@localhost:1/x",
        "postgresql://me:geheim@[localhost/x"}) {
    const auto done
      = run_ctl({"snapshot", "copy", "kept", "--from", secret, "--to", s.to()});
    CHECK(done.status != 0);
    CHECK_MESSAGE(!done.says("geheim"), done.output);
  }
}
