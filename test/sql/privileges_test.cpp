#include "test/sql/environment.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

TEST_CASE("every SECURITY DEFINER function pins its search_path") {
  auto db = the_environment().connect();
  const auto functions
    = db.run("SELECT proname, 'search_path=pg_catalog, pg_temp' = ANY"
             " (proconfig) FROM pg_proc WHERE prosecdef AND pronamespace IN "
             "('pgtrickle'::regnamespace,"
             " 'pgtrickle_changes'::regnamespace,"
             " 'pgtrickle_state'::regnamespace)");
  REQUIRE(functions.rows.size() > 0);
  for (const auto& function : functions.rows) {
    CAPTURE(function[0]);
    CHECK(function[1] == "t");
  }
}

TEST_CASE("everybody may execute what is meant for everybody, and no more") {
  auto db = the_environment().connect();
  const auto open
    = db.run("SELECT string_agg(proname, ' ' ORDER BY proname COLLATE \"C\")"
             " FROM pg_proc WHERE pronamespace = 'pgtrickle'::regnamespace"
             " AND has_function_privilege('bob', oid, 'EXECUTE')");
  CHECK(open.value()
        == "_add_hashes _add_row_hash _begin_program _buffer_of _cost "
           "_end_program _hash_text _internal_refresh _may_write "
           "_number _only_value _relation_name _relay _run _settle "
           "_stage _stage_window _staleness _stream_table_id _weight "
           "_why_not_resumable adopt_snapshot alter_stream_table "
           "apply_schedule_recommendation cluster_nodes content_hash "
           "create_stream_table create_stream_table_if_not_exists "
           "dependency_tree drop_snapshot drop_stream_table explain_st "
           "forecast get_refresh_history get_staleness issue_token "
           "list_snapshots maintenance_windows pending_calls pgt_status ping "
           "planner_backtest recommend_schedule refresh_stream_table "
           "restore_from_snapshot restore_stream_table_to "
           "resume_stream_table schedule_changes schedule_recommendations "
           "set_stream_table_sla snapshot_progress snapshot_stream_table "
           "validate_query "
           "verify_snapshot version");
}

TEST_CASE("who monitors sees the whole cluster, and nobody else does") {
  auto admin = the_environment().connect();
  for (const std::string function :
       {"cluster_worker_summary", "metrics_summary"}) {
    CAPTURE(function);
    CHECK(admin
            .run("SELECT string_agg(rolname, ' ') FROM pg_roles WHERE NOT "
                 "rolsuper AND has_function_privilege(oid, 'pgtrickle."
                 + function + "()', 'EXECUTE') AND rolname !~ '^pg_'")
            .value()
          == "(null)");
    auto bob = the_environment().connect("bob");
    CHECK(bob.run("SELECT * FROM pgtrickle." + function + "()").sqlstate
          == "42501");
    CHECK(bob.run("SELECT pgtrickle._relay('" + function + "', '{}')").sqlstate
          == "42501");
    admin.run("GRANT pg_monitor TO bob");
    the_environment().daemon->answers(
      [](const auto&, const auto& reply) { reply.result("[]"); });
    CHECK(bob.run("SELECT * FROM pgtrickle." + function + "()").sqlstate == "");
    admin.run("REVOKE pg_monitor FROM bob");
  }
}

TEST_CASE("a plain user reads the counters and changes none") {
  auto db = the_environment().connect("bob");
  CHECK(db.run("SELECT * FROM pgtrickle.pgt_counters").sqlstate == "");
  CHECK(db.run("SELECT * FROM pgtrickle.pgt_counts").sqlstate == "42501");
  CHECK(db.run("SELECT pgtrickle._fold_counts()").sqlstate == "42501");
  CHECK(db.run("SELECT pgtrickle._write_alert('resumed', 1, '{}')").sqlstate
        == "42501");
}

TEST_CASE("a plain user reaches neither the secret nor the change buffers") {
  auto db = the_environment().connect("bob");
  CHECK(db.run("SELECT secret FROM pgtrickle.pgt_secret").sqlstate == "42501");
  CHECK(db.run("SELECT * FROM pgtrickle_changes.touched").sqlstate == "42501");
  CHECK(db.run("INSERT INTO pgtrickle.pending_calls"
               " (method, arguments, role, search_path)"
               " VALUES ('drop_stream_table', '{}', 'postgres', '')")
          .sqlstate
        == "42501");
  CHECK(
    db.run("UPDATE pgtrickle.pgt_stream_tables SET status = 'ERROR'").sqlstate
    == "42501");
  CHECK(db.run("CREATE TABLE pgtrickle.trap (a int)").sqlstate == "42501");
}

TEST_CASE("a plain user cannot lead his calls to another NATS server") {
  the_environment().daemon->answers(
    [](const auto&, const auto& reply) { reply.result("null"); });
  auto db = the_environment().connect("bob");
  const std::string elsewhere
    = "SET pg_trickle.nats_url = 'nats://127.0.0.1:1'";
  SUBCASE("before the library is loaded") {
    CHECK(db.run(elsewhere).sqlstate == "");
  }
  SUBCASE("afterwards") {
    db.run("SELECT pgtrickle.version()");
    CHECK(db.run(elsewhere).sqlstate == "42501");
  }
  CHECK(db.run("SELECT pgtrickle.ping()").sqlstate == "");
}

TEST_CASE("a plain user sees nothing of the NATS server's URL") {
  auto db = the_environment().connect("bob");
  db.run("SELECT pgtrickle.version()");
  CHECK(db.run("SHOW pg_trickle.nats_url").sqlstate == "42501");
  CHECK(db.run("SELECT setting FROM pg_settings"
               " WHERE name = 'pg_trickle.nats_url'")
          .value()
        == "(no rows)");
}

TEST_CASE("a pending call is shown to its role only") {
  auto admin = the_environment().connect();
  auto alice = the_environment().connect("alice");
  auto bob = the_environment().connect("bob");
  admin.run("DELETE FROM pgtrickle.pending_calls");
  alice.run("BEGIN");
  alice.run("SELECT pgtrickle.create_stream_table('s', 'SELECT 1 AS a')");
  alice.run("COMMIT");
  const std::string names = "SELECT name FROM pgtrickle.pending_calls()";
  CHECK(alice.run(names).value() == "public.s");
  CHECK(bob.run(names).value() == "(no rows)");
  CHECK(admin.run(names).value() == "public.s");
  admin.run("DELETE FROM pgtrickle.pending_calls");
}

TEST_CASE("the relay is no way around a revoked function") {
  auto admin = the_environment().connect();
  auto bob = the_environment().connect("bob");
  admin.run("REVOKE EXECUTE ON FUNCTION pgtrickle.ping FROM PUBLIC");
  CHECK(bob.run("SELECT pgtrickle._relay('ping', '{}')").sqlstate == "42501");
  admin.run("GRANT EXECUTE ON FUNCTION pgtrickle.ping TO PUBLIC");
}

TEST_CASE("the relay takes only calls that exist, with arguments that fit") {
  auto bob = the_environment().connect("bob");
  const auto error_of = [&](const std::string& arguments) {
    return bob.run("SELECT pgtrickle._relay(" + arguments + ")").sqlstate;
  };
  CHECK(error_of("'cancel', '{}'") == "42883");
  CHECK(error_of("'ping', '[]'") == "22023");
  CHECK(error_of("null, '{}'") == "22004");
  CHECK(error_of("'explain_st', '{}'") == "22004");
  bob.run("BEGIN");
  CHECK(error_of("'resume_stream_table', '{\"name\": 5}'") == "22023");
  bob.run("ROLLBACK");
}

TEST_CASE("only a superuser opens the guard of a stream table") {
  auto admin = the_environment().connect();
  admin.run("DROP TABLE IF EXISTS public.guarded");
  admin.run("CREATE TABLE public.guarded (a int);"
            "ALTER TABLE public.guarded OWNER TO bob;"
            "CREATE TRIGGER guard BEFORE INSERT ON public.guarded"
            " FOR EACH STATEMENT EXECUTE FUNCTION pgtrickle._refuse_write()");
  const std::string open = "SET LOCAL pg_trickle.internal_refresh = on";
  const std::string write = "INSERT INTO public.guarded VALUES (1)";
  auto bob = the_environment().connect("bob");
  bob.run("BEGIN");
  CHECK(bob.run(open).sqlstate == "");
  CHECK(bob.run(write).sqlstate == "55000");
  bob.run("ROLLBACK");
  CHECK(bob.run(write).sqlstate == "55000");
  bob.run("BEGIN");
  CHECK(bob.run(open).sqlstate == "42501");
  bob.run("ROLLBACK");
  auto daemon = the_environment().connect();
  for (int transaction = 0; transaction < 2; ++transaction) {
    daemon.run("BEGIN");
    CHECK(daemon.run(open).sqlstate == "");
    CHECK(daemon.run(write).sqlstate == "");
    CHECK(daemon.run("COMMIT").sqlstate == "");
    CHECK(daemon.run(write).sqlstate == "55000");
  }
}

} // namespace pgtrickle::test
