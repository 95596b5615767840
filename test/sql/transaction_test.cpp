#include "test/sql/environment.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

namespace {

const std::string pending
  = "SELECT string_agg(method || ' ' || (arguments ->> 'name') || ' ' || role,"
    " ', ' ORDER BY call_id) FROM pgtrickle.pending_calls";

// A session in which nothing is pending and the daemon answers everything.
session fresh_session(const std::string& user = "postgres") {
  auto& all = the_environment();
  all.daemon->answers(
    [](const auto&, const auto& reply) { reply.result("null"); });
  auto admin = all.connect();
  admin.run("DELETE FROM pgtrickle.pending_calls");
  admin.run("DROP TABLE IF EXISTS public.t CASCADE");
  return all.connect(user);
}

bool nothing_was_relayed() {
  return !the_environment().daemon->take_call(50ms);
}

} // namespace

TEST_CASE("a migration creates tables and stream tables in one transaction") {
  auto db = fresh_session("alice");
  db.run("BEGIN");
  db.run("CREATE TABLE t (a int, b int)");
  CHECK(db.run("SELECT pgtrickle.create_stream_table('per_a',"
               " 'SELECT a, sum(b) AS total FROM t GROUP BY a')")
          .sqlstate
        == "");
  CHECK(db.run("SELECT pgtrickle.create_stream_table('large',"
               " 'SELECT a FROM per_a WHERE total > 10', '5m')")
          .sqlstate
        == "");
  CHECK(db.run("SELECT pgtrickle.alter_stream_table('large', schedule => '2m')")
          .sqlstate
        == "");
  CHECK(db.notices()
        == std::vector<std::string>{
          "create_stream_table of public.per_a is carried out after COMMIT",
          "create_stream_table of public.large is carried out after COMMIT",
          "alter_stream_table of public.large is carried out after COMMIT"});
  auto other = the_environment().connect();
  CHECK(other.run(pending).value() == "(null)");
  CHECK(db.run("COMMIT").sqlstate == "");
  CHECK(other.run(pending).value()
        == "create_stream_table public.per_a alice, "
           "create_stream_table public.large alice, "
           "alter_stream_table public.large alice");
  CHECK(nothing_was_relayed());
}

TEST_CASE("a COMMIT with a deferred call notifies the daemon") {
  auto db = fresh_session();
  auto listener = the_environment().connect();
  listener.run("LISTEN pgtrickle_calls");
  db.run("BEGIN");
  db.run("SELECT pgtrickle.create_stream_table('s', 'SELECT 1 AS a')");
  db.run("COMMIT");
  CHECK(listener.wait_for_notification(5s) == "pgtrickle_calls");
}

TEST_CASE("a ROLLBACK leaves nothing behind") {
  auto db = fresh_session();
  db.run("BEGIN");
  db.run("CREATE TABLE t (a int)");
  db.run("SELECT pgtrickle.create_stream_table('s', 'SELECT a FROM t')");
  db.run("ROLLBACK");
  CHECK(db.run(pending).value() == "(null)");
  CHECK(nothing_was_relayed());
}

TEST_CASE("a definition is checked in the caller's session") {
  auto db = fresh_session("alice");
  db.run("CREATE TABLE IF NOT EXISTS alices (a int)");
  the_environment().connect().run("CREATE TABLE IF NOT EXISTS secret (a int)");
  db.run("BEGIN");
  db.run("CREATE TABLE t (a int)");
  db.run("SAVEPOINT s");
  const auto error_of = [&](const std::string& call) {
    auto done = db.run("SELECT pgtrickle." + call);
    db.run("ROLLBACK TO s");
    return done.sqlstate;
  };
  const auto create = [&](const std::string& query) {
    return error_of("create_stream_table('s', $$" + query + "$$)");
  };
  CHECK(create("SELECT b FROM t") == "42703");
  CHECK(create("SELECT a FROM nowhere") == "42P01");
  CHECK(create("SELECT a FROM secret") == "42501");
  CHECK(create("SELECT a, a FROM t") == "42701");
  CHECK(create("SELEC") == "42601");
  CHECK(create("SELECT 1 AS a; DROP TABLE t") == "42601");
  CHECK(create("DELETE FROM t RETURNING a") == "42601");
  CHECK(create("SELECT a INTO u FROM t") == "42601");
  CHECK(error_of("create_stream_table('t', 'SELECT 1 AS a')") == "42P07");
  CHECK(error_of("create_stream_table('no.s', 'SELECT 1 AS a')") == "3F000");
  CHECK(error_of("create_stream_table('a b', 'SELECT 1 AS a')") == "42602");
  CHECK(error_of("create_stream_table('pg_catalog.s', 'SELECT 1 AS a')")
        == "42501");
  CHECK(error_of("drop_stream_table('unknown')") == "42P01");
  CHECK(error_of("drop_stream_table('t')") == "42P01");
  CHECK(error_of("resume_stream_table('unknown')") == "42P01");
  CHECK(db.run("SELECT count(*) FROM t").value() == "0");
  CHECK(db.run("COMMIT").sqlstate == "");
  CHECK(db.run(pending).value() == "(null)");
}

TEST_CASE("a name that an earlier call of the transaction took is taken") {
  auto db = fresh_session();
  db.run("BEGIN");
  const std::string create
    = "SELECT pgtrickle.create_stream_table('s', 'SELECT 1 AS a')";
  CHECK(db.run(create).sqlstate == "");
  CHECK(db.run("SELECT pgtrickle.drop_stream_table('s')").sqlstate == "");
  CHECK(db.run(create).sqlstate == "");
  CHECK(db.run(create).sqlstate == "42P07");
  db.run("ROLLBACK");
}

TEST_CASE("a call is checked while an earlier one is carried out") {
  auto db = fresh_session();
  must(db, "BEGIN; SELECT pgtrickle.create_stream_table('t', 'SELECT 1 AS a');"
           " COMMIT");
  auto carrying_out = the_environment().connect();
  must(carrying_out, "BEGIN; CREATE TABLE t (a int)");
  db.send("BEGIN; SELECT pgtrickle.create_stream_table('u', 'SELECT 2 AS a');"
          " COMMIT");
  CHECK(eventually(10s, [&] {
    return carrying_out.run("SELECT count(*) FROM pg_locks WHERE NOT granted")
             .value()
           != "0";
  }));
  must(carrying_out, "COMMIT");
  const auto done = db.result();
  CHECK_MESSAGE(done.sqlstate.empty(), done.message);
}

TEST_CASE("an error in a deferred call can be caught") {
  auto db = fresh_session();
  db.run("BEGIN");
  db.run("SELECT pgtrickle.create_stream_table('s', 'SELECT 1 AS a')");
  CHECK(db.run("DO $$ BEGIN"
               " PERFORM pgtrickle.create_stream_table('u', 'SELECT b FROM s');"
               " EXCEPTION WHEN undefined_column THEN NULL; END $$")
          .sqlstate
        == "");
  CHECK(db.run("COMMIT").sqlstate == "");
  CHECK(db.run(pending).value() == "create_stream_table public.s postgres");
}

TEST_CASE("a refresh is refused inside a transaction block") {
  auto db = fresh_session();
  const std::string refresh = "SELECT pgtrickle.refresh_stream_table('s')";
  SUBCASE("an explicit one") {
    db.run("BEGIN");
    const auto done = db.run(refresh);
    CHECK(done.sqlstate == "25001");
    CHECK_FALSE(done.hint.empty());
    db.run("ROLLBACK");
  }
  SUBCASE("several statements sent at once") {
    CHECK(db.run("SELECT 1; " + refresh).sqlstate == "25001");
  }
  SUBCASE("a statement that has written") {
    CHECK(db.run("DO $$ BEGIN CREATE TABLE t (a int);"
                 " PERFORM pgtrickle.refresh_stream_table('s'); END $$")
            .sqlstate
          == "25001");
  }
  CHECK(nothing_was_relayed());
}

TEST_CASE("a read-only transaction changes nothing through the daemon either") {
  auto db = fresh_session();
  db.run("SET default_transaction_read_only = on");
  CHECK(db.run("SELECT pgtrickle.refresh_stream_table('s')").sqlstate
        == "25006");
  CHECK(db.run("SELECT pgtrickle.ping()").sqlstate == "");
}

TEST_CASE("reading calls work inside a transaction block") {
  auto db = fresh_session();
  db.run("BEGIN");
  CHECK(db.run("SELECT pgtrickle.ping()").sqlstate == "");
  CHECK(db.run("COMMIT").sqlstate == "");
}

TEST_CASE("a direct call leaves nothing in the caller's transaction") {
  auto db = fresh_session();
  CHECK(db.run("DO $$ BEGIN"
               " PERFORM pgtrickle.create_stream_table('s', 'SELECT 1 AS a');"
               " ASSERT pg_current_xact_id_if_assigned() IS NULL;"
               " ASSERT NOT EXISTS (SELECT FROM pg_locks WHERE pid ="
               "   pg_backend_pid() AND relation ="
               "   'pgtrickle.pgt_secret'::regclass); END $$")
          .value()
        == "(no rows)");
  CHECK_FALSE(nothing_was_relayed());
}

TEST_CASE("the caller is the effective role") {
  auto db = fresh_session();
  const auto role_of_next_call = [] {
    const auto call = the_environment().daemon->take_call(1s);
    REQUIRE(call);
    return call->role();
  };
  const std::string create
    = "pgtrickle.create_stream_table('s', 'SELECT 1 AS a')";
  db.run("SET ROLE alice");
  db.run("SELECT " + create);
  CHECK(role_of_next_call() == "alice");
  db.run("CREATE OR REPLACE FUNCTION public.as_alice() RETURNS void"
         " LANGUAGE sql SECURITY DEFINER AS $$ SELECT "
         + create + " $$");
  db.run("SET ROLE bob");
  db.run("SELECT public.as_alice()");
  CHECK(role_of_next_call() == "alice");
  db.run("BEGIN");
  db.run("SELECT public.as_alice()");
  db.run("COMMIT");
  db.run("RESET ROLE");
  CHECK(db.run(pending).value() == "create_stream_table public.s alice");
  db.run("DROP FUNCTION public.as_alice");
}

} // namespace pgtrickle::test
