#include "test/sql/environment.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <thread>

namespace pgtrickle::test {

namespace {

fake_daemon& daemon() { return *the_environment().daemon; }

} // namespace

TEST_CASE("a call carries its method, arguments, caller and a signature") {
  daemon().answers(
    [](const auto&, const auto& reply) { reply.result("null"); });
  auto db = the_environment().connect();
  db.run("SET search_path = 'my \"schema', public");
  CHECK(db.run("SELECT pgtrickle.create_stream_table('a', 'SELECT 1 AS \"ü\"')")
          .sqlstate
        == "");
  const auto call = daemon().take_call(0ms);
  REQUIRE(call);
  CHECK(call->method() == "create_stream_table");
  CHECK(nlohmann::json::parse(call->arguments())
        == nlohmann::json{{"name", "a"},
                          {"query", "SELECT 1 AS \"ü\""},
                          {"schedule", "1m"},
                          {"refresh_mode", "AUTO"},
                          {"initialize", true}});
  CHECK(call->role() == "postgres");
  CHECK(call->search_path() == "\"my \"\"schema\", public");
  CHECK(call->backend_pid() == db.pid());
  CHECK(call->id().size() == 32);
  CHECK(call->deadline() - call->issued_at() == 24 * 3600 * 1'000'000LL);
  CHECK(daemon().forged() == 0);
}

TEST_CASE("every call has an id of its own") {
  daemon().answers(
    [](const auto&, const auto& reply) { reply.result("null"); });
  auto db = the_environment().connect();
  db.run("SELECT pgtrickle.ping()");
  db.run("SELECT pgtrickle.ping()");
  CHECK(daemon().take_call(0ms)->id() != daemon().take_call(0ms)->id());
}

TEST_CASE("a result becomes rows") {
  daemon().answers([](const auto&, const auto& reply) {
    reply.alive();
    reply.result(R"([{"property": "mode", "value": "FULL"},
                     {"property": "empty", "value": null}])");
  });
  auto db = the_environment().connect();
  const auto rows = db.run("SELECT * FROM pgtrickle.explain_st('a')").rows;
  CHECK(rows
        == std::vector<std::vector<std::string>>{{"mode", "FULL"},
                                                 {"empty", "(null)"}});
}

TEST_CASE("cluster_nodes shows the daemon's nodes") {
  daemon().answers([](const auto&, const auto& reply) {
    reply.result(R"([{"node": "n1", "version": "0.27.0",
      "started_at": "2026-01-02T03:04:05Z", "last_heartbeat": null,
      "databases": [{"name": "postgres"}], "state": "up"}])");
  });
  auto db = the_environment().connect();
  db.run("SET timezone = 'UTC'");
  CHECK(db.run("SELECT * FROM pgtrickle.cluster_nodes()").rows.at(0)
        == std::vector<std::string>{"n1", "0.27.0", "2026-01-02 03:04:05+00",
                                    "(null)", R"([{"name": "postgres"}])",
                                    "up"});
}

TEST_CASE("the cluster's summaries are what the daemon says") {
  auto db = the_environment().connect();
  daemon().answers([](const auto&, const auto& reply) {
    reply.result(R"([{"db_oid": 5, "db_name": "b", "workers_active": 3,
      "workers_queued": 1, "quota": 4, "quota_utilization_pct": 75.0,
      "node": "n1", "owner_epoch": 7, "report_age": 1.5, "state": "current",
      "falling_behind": true},
      {"db_oid": 6, "db_name": "a", "workers_active": 2, "workers_queued": 0,
      "quota": 0, "quota_utilization_pct": null, "node": "n2",
      "owner_epoch": 8, "report_age": 60, "state": "silent"}])");
  });
  const auto workers
    = db.run("SELECT db_name, quota_utilization_pct, report_age,"
             " scheduler_running, active_workers, total_active_workers,"
             " falling_behind"
             " FROM pgtrickle.cluster_worker_summary()");
  REQUIRE(workers.rows.size() == 2);
  CHECK(workers.rows[0]
        == std::vector<std::string>{"a", "(null)", "00:01:00", "f", "2", "3",
                                    "(null)"});
  CHECK(
    workers.rows[1]
    == std::vector<std::string>{"b", "75", "00:00:01.5", "t", "3", "3", "t"});

  daemon().answers([](const auto&, const auto& reply) {
    reply.result(R"([{"total_refreshes": 9, "rows_inserted": 5,
      "rows_deleted": 2}, {"db_name": "z", "total_refreshes": 9,
      "rows_inserted": 5, "rows_deleted": 2, "state": "current",
      "refreshes_by_action": {"FULL": 9}}])");
  });
  const auto metrics
    = db.run("SELECT db_name, total_refreshes, total_rows_processed, state,"
             " refreshes_by_action FROM pgtrickle.metrics_summary()");
  REQUIRE(metrics.rows.size() == 2);
  CHECK(
    metrics.rows[0]
    == std::vector<std::string>{"z", "9", "7", "current", R"({"FULL": 9})"});
  CHECK(metrics.rows[1]
        == std::vector<std::string>{"(null)", "9", "7", "(null)", "(null)"});
}

TEST_CASE("the daemon's error arrives with all its fields") {
  daemon().answers([](const auto&, const auto& reply) {
    reply.error("42P07", "stream table \"ä\" is taken", "since yesterday",
                "Choose another name.");
  });
  auto db = the_environment().connect();
  const auto done = db.run("SELECT pgtrickle.refresh_stream_table('a')");
  CHECK(done.sqlstate == "42P07");
  CHECK(done.message == "stream table \"ä\" is taken");
  CHECK(done.detail == "since yesterday");
  CHECK(done.hint == "Choose another name.");
  CHECK_FALSE(daemon().take_cancel(100ms));
}

TEST_CASE("a call with which nobody has begun is sent again under its id") {
  int refusals = 2;
  daemon().answers([&](const auto&, const auto& reply) {
    refusals-- > 0 ? reply.not_begun() : reply.result("null");
  });
  auto db = the_environment().connect();
  CHECK(db.run("SELECT pgtrickle.ping()").sqlstate == "");
  std::vector<wire::Call> calls;
  while (auto call = daemon().take_call(0ms))
    calls.push_back(*call);
  REQUIRE(calls.size() == 3);
  CHECK(calls[0].id() == calls[2].id());
  CHECK(calls[0].issued_at() < calls[2].issued_at());
  CHECK(daemon().forged() == 0);
  CHECK_FALSE(daemon().take_cancel(100ms));
}

TEST_CASE("a call that another daemon has begun with is not sent again") {
  bool is_turned_away_first = true;
  SUBCASE("and is heard second") {}
  SUBCASE("and is heard first") { is_turned_away_first = false; }
  daemon().answers([&](const auto&, const auto& reply) {
    is_turned_away_first ? reply.not_begun() : reply.alive();
    is_turned_away_first ? reply.alive() : reply.not_begun();
    // Work that takes longer than the extension waits for another daemon.
    std::this_thread::sleep_for(300ms);
    reply.result("null");
  });
  auto db = the_environment().connect();
  CHECK(db.run("SELECT pgtrickle.ping()").sqlstate == "");
  CHECK(daemon().take_call(0ms));
  CHECK_FALSE(daemon().take_call(200ms));
}

TEST_CASE("a call with which nobody begins ends, and can be cancelled") {
  daemon().answers([](const auto&, const auto& reply) { reply.not_begun(); });
  auto db = the_environment().connect();
  db.run("SET statement_timeout = '300ms'");
  CHECK(db.run("SELECT pgtrickle.ping()").sqlstate == "57014");
  db.run("RESET statement_timeout");
  const auto begun = std::chrono::steady_clock::now();
  CHECK(db.run("SELECT pgtrickle.ping()").sqlstate == "57P03");
  CHECK(std::chrono::steady_clock::now() - begun < 8s);
}

TEST_CASE("notices arrive in order") {
  daemon().answers([](const auto&, const auto& reply) {
    reply.notice("first");
    reply.notice("100 %s");
    reply.result("null");
  });
  auto db = the_environment().connect();
  db.run("SELECT pgtrickle.ping()");
  CHECK(db.notices() == std::vector<std::string>{"first", "100 %s"});
}

TEST_CASE("a result larger than a NATS message arrives whole") {
  const std::string text(3'500'000, 'x');
  const auto json = R"([{"property": "p", "value": ")" + text + "\"}]";
  daemon().answers([&](const auto&, const auto& reply) {
    for (std::size_t i = 0; i < 4; ++i)
      reply.part(json.substr(i * 900'000, i < 3 ? 900'000 : std::string::npos),
                 i, 4);
  });
  auto db = the_environment().connect();
  CHECK(db.run("SELECT value FROM pgtrickle.explain_st('a')").value() == text);
}

TEST_CASE("replies that make no sense are refused and the work is cancelled") {
  auto db = the_environment().connect();
  const auto refused = [&](const fake_daemon::answer& answer) {
    daemon().answers(answer);
    const auto done = db.run("SELECT pgtrickle.ping()");
    CHECK(done.sqlstate == "08P01");
    CHECK(daemon().take_cancel(1s));
  };
  SUBCASE("not protobuf") {
    refused([](const auto&, const auto& reply) { reply.raw("\xff garbage"); });
  }
  SUBCASE("nothing at all") {
    refused([](const auto&, const auto& reply) { reply.raw(""); });
  }
  SUBCASE("a part missing") {
    refused([](const auto&, const auto& reply) { reply.part("1", 1, 2); });
  }
  SUBCASE("parts that disagree on their number") {
    refused([](const auto&, const auto& reply) {
      reply.part("1", 0, 3);
      reply.part("1", 1, 2);
    });
  }
  SUBCASE("an error without SQLSTATE") {
    refused([](const auto&, const auto& reply) { reply.error("", "?"); });
  }
  CHECK(db.run("SELECT 1").value() == "1");
}

TEST_CASE("a result that is not JSON is refused") {
  daemon().answers([](const auto&, const auto& reply) { reply.result("{"); });
  auto db = the_environment().connect();
  CHECK(db.run("SELECT pgtrickle.ping()").sqlstate == "08P01");
}

TEST_CASE("arguments that do not fit are refused before anything is sent") {
  daemon().answers(
    [](const auto&, const auto& reply) { reply.result("null"); });
  auto db = the_environment().connect();
  const auto query
    = db.run("SELECT pgtrickle.create_stream_table('a', repeat('x', 1048577))");
  CHECK(query.sqlstate == "54000");
  CHECK(query.message
        == "the defining query has 1048577 bytes, and the limit is 1048576");
  CHECK_FALSE(query.hint.empty());
  const auto name
    = db.run("SELECT pgtrickle.refresh_stream_table(repeat('x', 1100000))");
  CHECK(name.sqlstate == "54000");
  CHECK_FALSE(name.hint.empty());
  CHECK_FALSE(daemon().take_call(100ms));
}

TEST_CASE("a required argument that is null is named") {
  auto db = the_environment().connect();
  const auto done = db.run("SELECT pgtrickle.create_stream_table('a', null)");
  CHECK(done.sqlstate == "22004");
  CHECK(done.message
        == "argument \"query\" of create_stream_table must not be null");
  for (const auto* call :
       {"drop_stream_table", "refresh_stream_table", "resume_stream_table",
        "alter_stream_table", "explain_st", "validate_query"})
    CHECK(db.run("SELECT pgtrickle." + std::string(call) + "(null)").sqlstate
          == "22004");
}

TEST_CASE("half of the round trips take less than 5 ms") {
  daemon().answers(
    [](const auto&, const auto& reply) { reply.result("null"); });
  auto db = the_environment().connect();
  db.run("SELECT pgtrickle.ping()");
  std::vector<double> milliseconds(51);
  for (auto& one : milliseconds)
    one = duration_of([&] { db.run("SELECT pgtrickle.ping()"); });
  std::sort(milliseconds.begin(), milliseconds.end());
  const auto median = milliseconds[milliseconds.size() / 2];
  MESSAGE("round trip: " << median << " ms");
  CHECK(median < 5);
}

TEST_CASE("many sessions call at the same time") {
  daemon().answers([](const auto& call, const auto& reply) {
    reply.result(R"([{"property": "pid", "value": ")"
                 + std::to_string(call.backend_pid()) + "\"}]");
  });
  std::vector<std::unique_ptr<session>> sessions;
  for (int i = 0; i < 40; ++i)
    sessions.push_back(
      std::make_unique<session>(the_environment().postgres.conninfo()));
  for (auto& db : sessions)
    db->send("SELECT value FROM pgtrickle.explain_st('a')");
  for (auto& db : sessions)
    CHECK(db->result().value() == std::to_string(db->pid()));
}

TEST_CASE("a backend that has called ends as any other") {
  daemon().answers(
    [](const auto&, const auto& reply) { reply.result("null"); });
  auto observer = the_environment().connect();
  const std::string started = "SELECT pg_postmaster_start_time()";
  const auto before = observer.run(started).value();
  int pid = 0;
  {
    auto db = the_environment().connect();
    db.run("SELECT pgtrickle.ping()");
    pid = db.pid();
  }
  const auto gone = "SELECT count(*) FROM pg_stat_activity WHERE pid = "
                    + std::to_string(pid);
  CHECK(eventually(5s, [&] { return observer.run(gone).value() == "0"; }));
  CHECK(observer.run(started).value() == before);
}

TEST_CASE("many calls leave no threads and no files behind") {
  daemon().answers(
    [](const auto&, const auto& reply) { reply.result("null"); });
  auto db = the_environment().connect();
  const std::string count
    = "SELECT substring(pg_read_file('/proc/self/status')"
      " FROM 'Threads:\\s+(\\d+)') || ' ' ||"
      " (SELECT count(*) FROM pg_ls_dir('/proc/self/fd'))";
  const auto calls = "SELECT count(pgtrickle._relay('ping', '{}'))"
                     " FROM generate_series(1, 20)";
  CHECK(db.run(calls).value() == "20");
  db.run(count);
  const auto before = db.run(count).value();
  CHECK(db.run(calls).value() == "20");
  CHECK(db.run(count).value() == before);
}

} // namespace pgtrickle::test
