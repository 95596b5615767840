// What programs stage, and the plans that their sessions keep.

#include "test/engine/stream_database.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace pgtrickle;

namespace {

struct programs : test::stream_database {
  /// Runs statements of PL/pgSQL as a program would; they may use n.
  void run(const std::string& statements) {
    sql(fmt::format("DO $do$ DECLARE n bigint; b boolean; BEGIN "
                    "b := pgtrickle._begin_program(); {} "
                    "b := pgtrickle._end_program(); END $do$",
                    statements));
  }

  /// The SQLSTATE with which `statement` fails; "" if it doesn't.
  std::string sqlstate(const std::string& statement) {
    sql("CREATE OR REPLACE FUNCTION try(statement text) RETURNS text LANGUAGE "
        "plpgsql AS $$ BEGIN EXECUTE statement; RETURN ''; EXCEPTION WHEN "
        "OTHERS THEN RETURN SQLSTATE; END $$");
    return sql("SELECT try($t$" + statement + "$t$)")[0][0].as<std::string>();
  }

  static std::string check(const std::string& query, int value) {
    return fmt::format("n := pgtrickle._number($q${}$q$, true); "
                       "IF n <> {} THEN RAISE EXCEPTION 'n is %', n; END IF;",
                       query, value);
  }

  static std::string stage(const std::string& query) {
    return fmt::format("n := pgtrickle._stage('s', $q${}$q$, true);", query);
  }
};

constexpr auto not_at_work = "55000";

} // namespace

TEST_CASE_FIXTURE(programs, "what a program stages is read by its later "
                            "statements, and by nothing else") {
  run(stage("SELECT g AS c FROM generate_series(1, 5) g")
      + check("SELECT sum(a.c * b.c)::bigint FROM s a, s b", 225)
      + stage("SELECT c FROM s WHERE c > 3")
      + check("SELECT count(*) FROM s", 2));
  CHECK(sqlstate("SELECT pgtrickle._number('SELECT count(*) FROM s', true)")
        == not_at_work);
  CHECK(sqlstate("DO $$ BEGIN PERFORM pgtrickle._begin_program(); PERFORM "
                 "pgtrickle._number('SELECT count(*) FROM s', true); END $$")
        == "42P01");
}

TEST_CASE_FIXTURE(programs, "a plan is not taken for a relation of the same "
                            "name with other columns") {
  const std::string longest = "SELECT max(length(c::text))::bigint FROM s";
  run(stage("SELECT 12345 AS c") + check(longest, 5)
      + stage("SELECT 'ab'::text AS c") + check(longest, 2)
      + stage("SELECT repeat('x', 3000)::text AS c, 1 AS d FROM "
              "generate_series(1, 100)")
      + check(longest, 3000));
}

TEST_CASE_FIXTURE(programs, "a kept plan is none any more when what it stands "
                            "on has changed") {
  sql("CREATE TABLE t AS SELECT g AS x FROM generate_series(1, 1000) g; CREATE "
      "INDEX by_x ON t (x); ANALYZE t; CREATE FUNCTION f(x int) RETURNS int "
      "LANGUAGE sql IMMUTABLE AS 'SELECT x + 1'");
  const std::string sum = "SELECT sum(f(x))::bigint FROM t WHERE x = 7";
  run(check(sum, 8));
  sql("CREATE OR REPLACE FUNCTION f(x int) RETURNS int LANGUAGE sql IMMUTABLE "
      "AS 'SELECT x + 2'");
  run(check(sum, 9));
  sql("DROP INDEX by_x; ALTER TABLE t ALTER x TYPE numeric; CREATE FUNCTION "
      "f(x numeric) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 4'");
  run(check(sum, 4));
  sql("ALTER TABLE t RENAME TO u; CREATE TABLE t (x int)");
  run(check(sum, 0));
}

TEST_CASE_FIXTURE(programs,
                  "a kept plan does not outlive the sizes that it was "
                  "made for") {
  sql("CREATE TABLE t (x int)");
  const std::string count = "SELECT count(*) FROM t, s";
  const auto is_kept = [&](bool expected) {
    return fmt::format("b := pgtrickle._cost('{0}', true) = "
                       "pgtrickle._cost('{0}', false); IF b <> {1} THEN RAISE "
                       "EXCEPTION 'kept: %', NOT b; END IF;",
                       count, expected ? "false" : "true");
  };
  const auto staged = [](int rows) {
    return stage(fmt::format("SELECT FROM generate_series(1, {})", rows));
  };
  run(staged(100) + check(count, 0));
  run(staged(150) + is_kept(true) + staged(300) + is_kept(false));
  sql("INSERT INTO t SELECT 1 FROM generate_series(1, 100000)");
  run(staged(300) + is_kept(false));
}

TEST_CASE_FIXTURE(programs, "a function in a program's statement has no say in "
                            "the program") {
  sql("CREATE FUNCTION meddles(call text) RETURNS int LANGUAGE plpgsql AS $$ "
      "BEGIN EXECUTE call; RETURN 1; END $$");
  // The planner evaluates what is immutable.
  sql("CREATE FUNCTION meddles_early(call text) RETURNS int IMMUTABLE LANGUAGE "
      "plpgsql AS $$ BEGIN EXECUTE call; RETURN 1; END $$");
  for (const auto* function : {"meddles", "meddles_early"})
    for (const auto* call :
         {"SELECT pgtrickle._end_program()",
          "SELECT pgtrickle._stage('s', 'SELECT 2 AS c', true)",
          "SELECT pgtrickle._run('SELECT 1', true)"})
      CHECK(
        sqlstate(fmt::format(
          "DO $$ DECLARE n bigint; BEGIN PERFORM pgtrickle._begin_program(); "
          "n := pgtrickle._stage('s', 'SELECT 1 AS c', true); n := "
          "pgtrickle._number($q$SELECT sum({}($c${}$c$))::bigint FROM "
          "s$q$, true); END $$",
          function, call))
        == not_at_work);
  // It may run a program of its own; what that leaves is gone.
  run(
    stage("SELECT 1 AS c UNION ALL SELECT 2")
    + check("SELECT sum(meddles($c$SELECT pgtrickle._begin_program(), "
            "pgtrickle._stage('s', 'SELECT 9 AS c', true)$c$))::bigint FROM s",
            2)
    + check("SELECT sum(c)::bigint FROM s", 3));
}

TEST_CASE_FIXTURE(programs, "an error takes along what was staged behind its "
                            "savepoint") {
  sql(fmt::format(
    "DO $do$ DECLARE n bigint; b boolean; BEGIN b := "
    "pgtrickle._begin_program(); {} BEGIN b := pgtrickle._begin_program(); {} "
    "RAISE EXCEPTION 'enough'; EXCEPTION WHEN raise_exception THEN NULL; END; "
    "{} b := pgtrickle._end_program(); END $do$",
    stage("SELECT 1 AS c"),
    stage("SELECT repeat('x', 1000) AS c FROM generate_series(1, 100000)"),
    check("SELECT sum(c)::bigint FROM s", 1)));
}

TEST_CASE_FIXTURE(programs, "more than memory holds is staged on disk") {
  sql("SET work_mem = '64kB'");
  run(stage("SELECT g AS c, repeat('x', 1000) AS d FROM generate_series(1, "
            "5000) g")
      + check("SELECT count(*) FROM s a JOIN s b USING (c)", 5000));
}

TEST_CASE_FIXTURE(programs, "only rows of a SELECT are staged, and numbers "
                            "are bigints") {
  sql("CREATE TABLE t (x int)");
  const auto in_program = [&](const std::string& call) {
    return sqlstate("DO $$ BEGIN PERFORM pgtrickle._begin_program(); PERFORM "
                    + call + "; END $$");
  };
  CHECK(in_program("pgtrickle._stage('s', 'DELETE FROM t', true)") == "42601");
  CHECK(in_program("pgtrickle._run('TRUNCATE t', true)") == "0A000");
  CHECK(in_program("pgtrickle._run('SELECT 1; SELECT 2', true)") == "42601");
  CHECK(in_program("pgtrickle._number('SELECT 1', true)") == "42804");
}

TEST_CASE_FIXTURE(programs, "a session that has compiled many programs is "
                            "worn") {
  sql("CREATE TABLE sale (id int)");
  const auto id = create("kept", "SELECT id FROM sale");
  std::size_t compiled = 1;
  for (; !refresher().is_worn() && compiled < 1000; ++compiled) {
    sql("UPDATE pgtrickle.pgt_stream_tables SET definition_version = "
        "definition_version + 1");
    refresh({id});
  }
  CHECK(compiled == 500);
}
