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
