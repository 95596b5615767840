// The planner, as one meets it through psql and NATS.

#include "test/scenarios/installation.hpp"
#include "test/support/nats_client.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <csignal>

namespace pgtrickle::test {

namespace {

/// Stream table `name` with a past of `refreshes`, each of `ms`, a minute
/// apart.
void create_with_past(scenario& s, int refreshes, double ms,
                      const std::string& name = "reader") {
  must(s.db, "CREATE TABLE IF NOT EXISTS base (a int);"
             "INSERT INTO base VALUES (1)");
  must(s.db, "SELECT pgtrickle.create_stream_table('" + name
               + "', 'SELECT a, count(*) AS n FROM base GROUP BY a', '1m')");
  must(s.admin, "INSERT INTO pgtrickle.pgt_refresh_history (pgt_id, start_time,"
                " end_time, data_timestamp, action, status, initiated_by,"
                " delta_row_count) SELECT pgt_id, at, at + interval '1 ms' * "
                  + std::to_string(ms)
                  + ", at, 'DIFFERENTIAL', 'COMPLETED', 'SCHEDULER', 100"
                    " FROM pgtrickle.pgt_stream_tables, generate_series(now() -"
                    " interval '1 minute' * "
                  + std::to_string(refreshes)
                  + ", now() - interval '1 minute', '1 minute') at"
                    " WHERE pgt_relid = to_regclass('"
                  + s.schema + "." + name + "')");
}

std::string one(session& db, const std::string& query) {
  const auto answer = db.run(query);
  REQUIRE_MESSAGE(answer.sqlstate.empty(), answer.message);
  return answer.value();
}

} // namespace

TEST_CASE("a schedule is recommended, and set by the owner at COMMIT") {
  scenario s;
  create_with_past(s, 300, 20);
  must(s.db, "SELECT pgtrickle.set_stream_table_sla('reader', '10 minutes')");
  CHECK(one(s.db, "SELECT (pgtrickle.recommend_schedule('reader') ->>"
                  " 'confidence')::float8 > 0")
        == "t");
  const auto seconds
    = one(s.db, "SELECT recommended_interval_seconds FROM"
                " pgtrickle.schedule_recommendations() WHERE name = '"
                  + s.schema + ".reader'");
  CHECK(std::stod(seconds) > 120);
  CHECK(std::stod(seconds) < 600);
  CHECK(s.connect("bob")
          .run("SELECT pgtrickle.apply_schedule_recommendation('" + s.schema
               + ".reader')")
          .sqlstate
        == "42501");
  must(s.db, "BEGIN; SELECT pgtrickle.apply_schedule_recommendation('reader');"
             " ROLLBACK");
  must(s.db, "BEGIN; SELECT pgtrickle.apply_schedule_recommendation('reader');"
             " COMMIT");
  CHECK(eventually(10s, [&] {
    return one(s.db, "SELECT schedule FROM pgtrickle.pgt_status() WHERE name ="
                     " '"
                       + s.schema + ".reader'")
           == std::to_string(std::llround(std::stod(seconds))) + "s";
  }));
  CHECK(one(s.db, "SELECT count(*) FROM pgtrickle.schedule_changes('reader')")
        == "1");
}

TEST_CASE("no interval is recommended that the quota of workers can't carry") {
  scenario s;
  create_with_past(s, 300, 40000, "reader");
  create_with_past(s, 300, 40000, "other");
  // They take as long whatever changes.
  must(s.admin, "UPDATE pgtrickle.pgt_refresh_history SET delta_row_count ="
                " delta_row_count * (1 + refresh_id % 2)");
  must(s.db, "SELECT pgtrickle.set_stream_table_sla('reader', '75 seconds')");
  must(s.db, "SELECT pgtrickle.recommend_schedule('other')");
  // A call may meet the reload, and fail.
  const auto is_bound_by = [&](const std::string& what) {
    return s.db.run("SELECT pgtrickle.recommend_schedule('reader') ->> 'bound'")
             .value()
           == what;
  };
  const auto set_quota = [&](const std::string& to) {
    must(s.admin, "ALTER DATABASE app " + to);
    s.all.daemon.signal(SIGHUP);
  };
  CHECK(is_bound_by("target"));
  set_quota("SET pg_trickle.per_database_worker_quota = 1");
  CHECK(eventually(10s, [&] { return is_bound_by("workers"); }));
  set_quota("RESET pg_trickle.per_database_worker_quota");
  CHECK(eventually(10s, [&] { return is_bound_by("target"); }));
}

TEST_CASE("forecasts, windows and a replay are rows") {
  scenario s;
  create_with_past(s, 300, 20);
  CHECK(std::stoi(one(s.db, "SELECT count(*) FROM pgtrickle.forecast('reader',"
                            " '6 hours') WHERE lag_ms_low_95 <= lag_ms + 1"
                            " AND lag_ms <= lag_ms_high_95 + 1"))
        >= 24);
  CHECK(one(s.db, "SELECT count(*) > 0 AND bool_and(window_end - window_start ="
                  " '2 hours') FROM pgtrickle.maintenance_windows('2 hours',"
                  " '2 days', 'reader')")
        == "t");
  CHECK(one(s.db, "SELECT value > 100 FROM pgtrickle.planner_backtest('reader')"
                  " WHERE metric = 'forecasts'")
        == "t");
  CHECK(
    s.db.run("SELECT * FROM pgtrickle.forecast('reader', '-1 hour')").sqlstate
    == "22023");
  CHECK(s.db.run("SELECT pgtrickle.recommend_schedule('nothing')").sqlstate
        == "42P01");
  CHECK(
    s.db.run("SELECT pgtrickle.set_stream_table_sla('reader', '0')").sqlstate
    == "22023");
}

TEST_CASE("a breach is told before it happens, as a CloudEvent") {
  scenario s;
  create_with_past(s, 300, 50);
  nats_client client{s.all.nats.url()};
  auto alerts = client.subscribe("pgtrickle.v1.*.*.alert.predicted_sla_breach");
  must(s.db, "SELECT pgtrickle.set_stream_table_sla('reader', '5 seconds')");
  must(s.db, "INSERT INTO base VALUES (2)");
  const auto told = alerts.next(20s);
  REQUIRE(told);
  const auto payload = nlohmann::json::parse(told->payload);
  CHECK(payload["stream_table"] == s.schema + ".reader");
  CHECK(payload["sla_ms"] == 5000);
  CHECK(payload["predicted_ms"] > 6000);
  CHECK(payload["suggested_action"].is_string());
  CHECK(told->headers.at("ce-specversion") == "1.0");
  CHECK(told->headers.at("ce-type") == "pgtrickle.alert.predicted_sla_breach");
  CHECK(told->headers.at("ce-id") == told->id);
  CHECK(told->headers.at("ce-source").starts_with("/pgtrickle/"));
  CHECK(told->headers.at("ce-time").ends_with("Z"));
  CHECK(told->headers.at("content-type") == "application/json");
  auto ends = client.subscribe("pgtrickle.v1.*.*.alert.sla_recovered");
  must(s.db, "SELECT pgtrickle.alter_stream_table('reader', schedule => '1s')");
  const auto recovered = ends.next(30s);
  REQUIRE(recovered);
  CHECK(nlohmann::json::parse(recovered->payload)["stream_table"]
        == s.schema + ".reader");
  CHECK_FALSE(alerts.next(1s));
}

TEST_CASE("a daemon that was killed tells nothing twice in a cooldown") {
  scenario s;
  create_with_past(s, 300, 50, "reader");
  create_with_past(s, 300, 50, "witness");
  const auto told_of = [&](const std::string& name) {
    return std::stoi(one(s.admin, "SELECT count(*) FROM pgtrickle.pgt_alerts"
                                  " WHERE event = 'predicted_sla_breach' AND"
                                  " payload ->> 'stream_table' = '"
                                    + s.schema + "." + name + "'"));
  };
  const auto end_cooldown_of = [&](const std::string& name) {
    must(s.admin, "UPDATE pgtrickle.pgt_lag_alerts a SET uptime = uptime - 400,"
                  " told_at = told_at - interval '400 s'"
                  " FROM pgtrickle.pgt_stream_tables t"
                  " WHERE t.pgt_id = a.pgt_id AND t.pgt_relid = '"
                    + name + "'::regclass");
  };
  // A planner that took long to look rests twenty times as long.
  constexpr auto limit = 60s;
  auto listener = s.connect();
  must(listener, "LISTEN pg_trickle_alert");
  must(s.db, "SELECT pgtrickle.set_stream_table_sla('reader', '5 seconds');"
             "SELECT pgtrickle.set_stream_table_sla('witness', '5 seconds')");
  must(s.db, "INSERT INTO base VALUES (2)");
  CHECK(listener.wait_for_notification(limit) == "pg_trickle_alert");
  REQUIRE(eventually(
    limit, [&] { return told_of("reader") == 1 && told_of("witness") == 1; }));
  // Both wait for the same changes: who tells of one has looked at the other.
  for (int restarts = 1; restarts <= 3; ++restarts) {
    s.all.daemon.kill();
    end_cooldown_of("witness");
    s.all.repair();
    must(s.db, "INSERT INTO base VALUES (3)");
    CHECK(
      eventually(limit, [&] { return told_of("witness") == 1 + restarts; }));
    CHECK(told_of("reader") == 1);
  }
  end_cooldown_of("reader");
  must(s.db, "INSERT INTO base VALUES (4)");
  CHECK(eventually(limit, [&] { return told_of("reader") == 2; }));
  CHECK(told_of("witness") == 4);
}

TEST_CASE("without a daemon the last recommendations are told") {
  scenario s;
  create_with_past(s, 300, 20);
  must(s.db, "SELECT pgtrickle.recommend_schedule('reader')");
  s.all.daemon.stop();
  const auto answer
    = s.db.run("SELECT confidence > 0 FROM pgtrickle.schedule_recommendations()"
               " WHERE name = '"
               + s.schema + ".reader'");
  s.all.repair();
  CHECK(answer.sqlstate.empty());
  CHECK(answer.value() == "t");
}

} // namespace pgtrickle::test
