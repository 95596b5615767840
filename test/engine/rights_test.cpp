// What a user's own code in a stream table can reach: what its owner can.

#include "test/engine/stream_database.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

/// A role `mallory` that owns tables and may not read `secret`.
struct hostile : test::stream_database {
  hostile() {
    sql(R"(
      DROP ROLE IF EXISTS mallory;
      CREATE ROLE mallory;
      CREATE TABLE secret (word text); INSERT INTO secret VALUES ('xyzzy');
      CREATE SCHEMA AUTHORIZATION mallory;
      CREATE TABLE mallory.said (role text, word text); ALTER TABLE mallory.said OWNER TO mallory;
      SET ROLE mallory;
      CREATE FUNCTION mallory.trap() RETURNS text LANGUAGE plpgsql AS $$
      DECLARE found text := 'nothing';
      BEGIN
        BEGIN SET ROLE postgres; EXCEPTION WHEN OTHERS THEN NULL; END;
        BEGIN PERFORM set_config('role', 'postgres', false); EXCEPTION WHEN OTHERS THEN NULL; END;
        BEGIN PERFORM set_config('session_authorization', 'postgres', false); EXCEPTION WHEN OTHERS THEN NULL; END;
        BEGIN SELECT word INTO found FROM public.secret; EXCEPTION WHEN OTHERS THEN NULL; END;
        INSERT INTO mallory.said VALUES (current_user, found);
        RETURN found;
      END $$;
      RESET ROLE;
    )");
  }
  ~hostile() { sql("DROP OWNED BY mallory CASCADE; DROP ROLE mallory"); }

  /// Keeps `query` as mallory through some changes of its source; whatever the
  /// trap tried, it had mallory's rights only.
  void springs(const std::string& query) {
    CAPTURE(query);
    sql("DELETE FROM mallory.said"); // what setting the trap set off
    const auto id = engine::create_stream_table(
      session(), {"mallory", "mallory, public"},
      {.name = "kept", .query = query, .refresh_mode = "DIFFERENTIAL"}, {});
    REQUIRE_MESSAGE(id, id.error().message);
    (void)refresh({*id});
    sql("INSERT INTO mallory.source SELECT * FROM mallory.source; UPDATE "
        "mallory.source SET id = id + 1");
    CHECK(refresh({*id}).at(0).action == "DIFFERENTIAL");
    sql("TRUNCATE mallory.source");
    (void)refresh({*id});
    CHECK(sql("SELECT count(*) FROM mallory.said WHERE role <> 'mallory' OR "
              "word <> 'nothing'")[0][0]
            .as<int>()
          == 0);
  }
};

} // namespace

TEST_CASE_FIXTURE(hostile, "a function in the query has its owner's rights") {
  sql("SET ROLE mallory; CREATE TABLE mallory.source AS SELECT 1 AS id; "
      "CREATE FUNCTION mallory.innocent(int) RETURNS text IMMUTABLE LANGUAGE "
      "plpgsql AS "
      "$$ BEGIN RETURN mallory.trap(); END $$; RESET ROLE");
  springs("SELECT id, mallory.innocent(id) AS word FROM mallory.source");
  CHECK(sql("SELECT FROM mallory.said").size() > 0);
}

TEST_CASE_FIXTURE(hostile, "a cast of the owner's has its rights") {
  sql("SET ROLE mallory; CREATE TYPE mallory.pair AS (a int, b int); "
      "CREATE FUNCTION mallory.spelt(mallory.pair) RETURNS text IMMUTABLE "
      "LANGUAGE plpgsql AS "
      "$$ BEGIN PERFORM mallory.trap(); RETURN '(1,2)'; END $$; "
      "CREATE CAST (mallory.pair AS text) WITH FUNCTION "
      "mallory.spelt(mallory.pair); "
      "CREATE TABLE mallory.source AS SELECT 1 AS id, '(1,2)'::mallory.pair AS "
      "pair; RESET ROLE");
  springs("SELECT id, pair FROM mallory.source");
}

TEST_CASE_FIXTURE(hostile, "a domain's check has its owner's rights") {
  sql("SET ROLE mallory; CREATE FUNCTION mallory.valid(json) RETURNS boolean "
      "IMMUTABLE LANGUAGE plpgsql AS "
      "$$ BEGIN PERFORM mallory.trap(); RETURN true; END $$; "
      "CREATE DOMAIN mallory.checked AS json NOT NULL CHECK "
      "(mallory.valid(VALUE)); "
      "CREATE TABLE mallory.source AS SELECT 1 AS id, "
      "'{}'::json::mallory.checked AS pair; RESET ROLE");
  springs("SELECT id, pair FROM mallory.source");
}

TEST_CASE_FIXTURE(hostile,
                  "a constant of the owner's type is read with its rights") {
  sql("SET ROLE mallory; CREATE FUNCTION mallory.valid(int) RETURNS boolean "
      "IMMUTABLE LANGUAGE plpgsql AS "
      "$$ BEGIN PERFORM mallory.trap(); RETURN true; END $$; "
      "CREATE DOMAIN mallory.checked AS int CHECK (mallory.valid(VALUE)); "
      "CREATE TYPE mallory.pair AS (a mallory.checked, b int); "
      "CREATE TABLE mallory.source AS SELECT 1 AS id; RESET ROLE");
  springs("SELECT id, '(1,2)'::mallory.pair AS pair FROM mallory.source");
}

TEST_CASE_FIXTURE(hostile, "reading a query leaves nothing of its author's for "
                           "the daemon's COMMIT") {
  sql("SET ROLE mallory; CREATE TABLE mallory.noted (n int); CREATE FUNCTION "
      "mallory.fired() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
      "mallory.trap(); RETURN NULL; END $$; CREATE CONSTRAINT TRIGGER late "
      "AFTER INSERT ON mallory.noted DEFERRABLE INITIALLY DEFERRED FOR EACH "
      "ROW EXECUTE FUNCTION mallory.fired(); CREATE FUNCTION "
      "mallory.valid(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT "
      "INTO mallory.noted VALUES (1); RETURN true; END $$; CREATE DOMAIN "
      "mallory.checked AS int CHECK (mallory.valid(VALUE)); CREATE TYPE "
      "mallory.pair AS (a mallory.checked, b int); CREATE TABLE "
      "mallory.source AS SELECT 1 AS id; DELETE FROM mallory.noted; RESET "
      "ROLE; DELETE FROM mallory.said");
  const auto id = engine::create_stream_table(
    session(), {"mallory", "mallory"},
    {.name = "kept",
     .query = "SELECT id, '(1,2)'::mallory.pair AS pair FROM mallory.source"},
    {});
  CHECK_FALSE(id);
  CHECK(sql("SELECT FROM mallory.said WHERE role <> 'mallory' OR word <> "
            "'nothing'")
          .empty());
}

TEST_CASE_FIXTURE(hostile, "a range type's functions have the owner's rights, "
                           "also in statistics") {
  sql("SET ROLE mallory; CREATE FUNCTION mallory.gap(int, int) RETURNS float8 "
      "IMMUTABLE LANGUAGE plpgsql AS "
      "$$ BEGIN PERFORM mallory.trap(); RETURN $1 - $2; END $$; "
      "CREATE TYPE mallory.span AS RANGE (SUBTYPE = int, SUBTYPE_DIFF = "
      "mallory.gap); CREATE TABLE mallory.source AS SELECT i AS id, "
      "mallory.span(i, i + 3) AS pair FROM generate_series(1, 20) i; RESET "
      "ROLE");
  springs("SELECT pair, count(*) AS n, max(id) AS most FROM mallory.source "
          "GROUP BY pair");
  sql("ANALYZE mallory.kept");
  CHECK(sql("SELECT FROM mallory.said WHERE role = 'mallory'").size() > 0);
  sql("DELETE FROM mallory.said; DO $$ DECLARE t regclass; BEGIN FOR t IN "
      "SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = "
      "'pgtrickle_state'::regnamespace LOOP EXECUTE 'ANALYZE ' || t; END LOOP; "
      "END $$");
  CHECK(sql("SELECT FROM mallory.said").empty());
}

TEST_CASE_FIXTURE(hostile, "what the owner hangs on a stream table has its "
                           "rights while the daemon works on it") {
  sql("SET ROLE mallory; CREATE TABLE mallory.source AS SELECT 1 AS id, 2 AS "
      "pair; CREATE FUNCTION mallory.innocent(anyelement) RETURNS boolean "
      "IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM mallory.trap(); RETURN "
      "true; END $$; CREATE FUNCTION mallory.fired() RETURNS trigger LANGUAGE "
      "plpgsql AS $$ BEGIN SET CONSTRAINTS ALL DEFERRED; PERFORM "
      "mallory.trap(); RETURN NULL; END $$; RESET ROLE");
  const auto id = engine::create_stream_table(
    session(), {"mallory", "mallory"},
    {.name = "kept", .query = "SELECT id, pair FROM mallory.source"}, {});
  REQUIRE_MESSAGE(id, id.error().message);
  (void)refresh({*id});
  sql("SET ROLE mallory; CREATE INDEX ON mallory.kept "
      "(mallory.innocent(pair)); ALTER TABLE mallory.kept ADD CHECK "
      "(mallory.innocent(pair)); CREATE CONSTRAINT TRIGGER late AFTER INSERT "
      "OR UPDATE OR DELETE ON mallory.kept DEFERRABLE INITIALLY DEFERRED FOR "
      "EACH ROW EXECUTE FUNCTION mallory.fired(); CREATE STATISTICS "
      "mallory.seen ON "
      "(mallory.innocent(id)), (mallory.innocent(pair)) FROM mallory.kept; "
      "RESET ROLE; DELETE FROM mallory.said");
  const auto nothing_leaked = [&] {
    return sql("SELECT FROM mallory.said WHERE role <> 'mallory' OR word <> "
               "'nothing'")
             .empty()
           && !sql("SELECT FROM mallory.said").empty();
  };
  sql("INSERT INTO mallory.source SELECT i, i FROM generate_series(1, 300) i");
  (void)refresh({*id});
  CHECK(nothing_leaked());
  sql("DELETE FROM mallory.said; UPDATE pgtrickle.pgt_stream_tables SET "
      "needs_reinit = true; UPDATE mallory.source SET pair = 3");
  CHECK(refresh({*id}).at(0).action == "REINITIALIZE"); // ends in ANALYZE
  CHECK(nothing_leaked());
  sql("DELETE FROM mallory.said");
  stream_table_change change;
  change.name = "mallory.kept";
  change.query = "SELECT id, pair, id + 1 AS more FROM mallory.source";
  const auto altered
    = engine::alter_stream_table(session(), {"mallory", "mallory"}, change, {});
  REQUIRE_MESSAGE(altered, altered.error().message);
  CHECK(nothing_leaked());
}

TEST_CASE_FIXTURE(hostile, "a deferred trigger that defers another one leaves "
                           "nothing for the daemon's COMMIT") {
  sql("SET ROLE mallory; CREATE TABLE mallory.source AS SELECT 1 AS id; CREATE "
      "TABLE mallory.noted (n int); CREATE FUNCTION mallory.second() RETURNS "
      "trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM mallory.trap(); RETURN "
      "NULL; END $$; CREATE FUNCTION mallory.first() RETURNS trigger LANGUAGE "
      "plpgsql AS $$ BEGIN SET CONSTRAINTS ALL DEFERRED; INSERT INTO "
      "mallory.noted VALUES (1); RETURN NULL; END $$; CREATE CONSTRAINT "
      "TRIGGER late AFTER INSERT ON mallory.noted DEFERRABLE INITIALLY "
      "DEFERRED FOR EACH ROW EXECUTE FUNCTION mallory.second(); RESET ROLE");
  const auto id = engine::create_stream_table(
    session(), {"mallory", "mallory"},
    {.name = "kept", .query = "SELECT id FROM mallory.source"}, {});
  REQUIRE_MESSAGE(id, id.error().message);
  (void)refresh({*id});
  sql("SET ROLE mallory; CREATE CONSTRAINT TRIGGER early AFTER INSERT ON "
      "mallory.kept DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE "
      "FUNCTION mallory.first(); INSERT INTO mallory.source VALUES (2); RESET "
      "ROLE");
  (void)refresher().run({{*id}, engine::initiator::scheduler}, {});
  const auto said = sql("SELECT role, word FROM mallory.said");
  REQUIRE(!said.empty());
  for (const auto& row : said) {
    CHECK(row[0].as<std::string>() == "mallory");
    CHECK(row[1].as<std::string>() == "nothing");
  }
}
