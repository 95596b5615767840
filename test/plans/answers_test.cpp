#include "services/engine/target_lag.hpp"
#include "services/scheduling/cron.hpp"
#include "test/plans/plan_database.hpp"

using namespace pgtrickle;
using namespace pgtrickle::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const caller stranger{"stranger", "public"};

} // namespace

TEST_CASE_FIXTURE(plan_database,
                  "with too little history there is no confidence") {
  write_history({.refreshes = 19});
  const auto answer = recommended();
  CHECK(answer["confidence"] == 0.0);
  CHECK(answer["samples"] == 19);
  CHECK(answer["reasoning"].get<std::string>().find("19") != std::string::npos);
  SUBCASE("unless less is asked for") {
    options.rules.min_samples = 10;
    CHECK(recommended()["confidence"] > 0.0);
  }
}

TEST_CASE_FIXTURE(plan_database, "from a history follows another interval") {
  write_history({.refreshes = 200, .every_seconds = 5, .ms = 100});
  const auto slack
    = engine::set_target_lag(session(), owner(), "kept", 5min, {});
  REQUIRE(slack);
  const auto answer = recommended();
  CHECK(answer["confidence"] > 0.0);
  CHECK(answer["confidence"] < 1.0);
  CHECK(answer["current_interval_seconds"] == 5.0);
  CHECK(answer["recommended_interval_seconds"] > 60.0);
  CHECK(answer["recommended_interval_seconds"] < 300.0);
  CHECK(answer["delta_pct"] > 100.0);
  CHECK(answer["sla_seconds"] == 300.0);
  CHECK(answer["bound"] == "target");
  CHECK(answer["expected_load"] < answer["current_load"]);
  CHECK(answer["model"]["differential"]["fixed_ms"] > 10.0);
  CHECK(text("SELECT (recommendation ->> 'confidence')::float8 > 0 FROM "
             "pgtrickle.pgt_plans")
        == "t");
}

TEST_CASE_FIXTURE(plan_database, "full refreshes are kept apart") {
  write_history({.refreshes = 100, .ms = 10});
  sql("INSERT INTO pgtrickle.pgt_refresh_history (pgt_id, start_time, "
      "end_time, data_timestamp, action, status, initiated_by, "
      "delta_row_count) SELECT pgt_id, start_time + interval '1 s', start_time "
      "+ interval '6 s', start_time + interval '1 s', 'FULL', 'COMPLETED', "
      "'SCHEDULER', 0 FROM pgtrickle.pgt_refresh_history WHERE action = "
      "'DIFFERENTIAL' AND refresh_id % 10 = 0");
  const auto model = recommended()["model"];
  CHECK(model["full"]["fixed_ms"] > 4000.0);
  CHECK(model["differential"]["fixed_ms"] < 50.0);
}

TEST_CASE_FIXTURE(plan_database, "the peak is a cron expression") {
  write_history({.refreshes = 30, .every_seconds = 3600});
  sql("INSERT INTO pgtrickle.pgt_plans SELECT pgt_id, now(), now(), 0, '{}', "
      "'{}' FROM pgtrickle.pgt_stream_tables");
  sql("INSERT INTO pgtrickle.pgt_arrivals SELECT pgt_id, h, CASE WHEN "
      "extract(hour FROM h AT TIME ZONE 'UTC') IN (9, 10, 11) THEN 50000 ELSE "
      "500 END, 1, 20, 500 FROM pgtrickle.pgt_stream_tables, "
      "generate_series(date_trunc('hour', now() - interval '28 days'), now(), "
      "'1 hour') h");
  const auto answer = recommended();
  REQUIRE(answer["peak_window_cron"].is_string());
  const auto cron
    = cron_schedule::parse(answer["peak_window_cron"].get<std::string>());
  REQUIRE(cron);
  const auto midnight
    = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  const auto first = cron->next(
    std::chrono::time_point_cast<std::chrono::seconds>(midnight) - 1s);
  CHECK(first >= midnight + 8h);
  CHECK(first <= midnight + 10h);
  CHECK(answer["model"]["season"] != "flat");
}

TEST_CASE_FIXTURE(plan_database, "a forecast has slots with bands") {
  write_history({.refreshes = 300});
  const auto answer
    = plans::forecast_of(session(), owner(), "kept", 24h, options, {});
  REQUIRE_MESSAGE(answer, answer.error().message);
  const auto slots = json::parse(*answer);
  REQUIRE(slots.size() >= 24);
  CHECK(slots.size() <= 201);
  for (const auto& slot : slots)
    for (const std::string what : {"changes", "refresh_ms", "lag_ms"}) {
      CAPTURE(what);
      CHECK(slot[what + "_low_95"] <= slot[what + "_low_50"]);
      CHECK(slot[what + "_low_50"] <= slot[what + "_high_50"]);
      CHECK(slot[what + "_high_50"] <= slot[what + "_high_95"]);
    }
  CHECK(
    plans::forecast_of(session(), owner(), "kept", 0s, options, {}).error().code
    == errc::invalid_argument);
  CHECK(
    plans::forecast_of(session(), owner(), "gone", 1h, options, {}).error().code
    == errc::stream_table_not_found);
}

TEST_CASE_FIXTURE(plan_database, "windows for maintenance are where little "
                                 "changes") {
  write_history({.refreshes = 300});
  static_cast<void>(recommended());
  for (const auto& name :
       {std::optional<std::string>{"kept"}, std::optional<std::string>{}}) {
    const auto answer
      = plans::windows_of(session(), owner(), name, 1h, 24h, options, {});
    REQUIRE_MESSAGE(answer, answer.error().message);
    const auto windows = json::parse(*answer);
    REQUIRE(!windows.empty());
    CHECK(windows[0]["catch_up_ms"] <= windows.back()["catch_up_ms"]);
    CHECK(windows[0]["changes"] > 0);
  }
  CHECK(plans::windows_of(session(), owner(), {}, 48h, 24h, options, {})
          .error()
          .code
        == errc::invalid_argument);
}

TEST_CASE_FIXTURE(plan_database, "the history is replayed") {
  write_history({.refreshes = 300});
  const auto answer = plans::backtest_of(session(), owner(), "kept", options);
  REQUIRE_MESSAGE(answer, answer.error().message);
  double forecasts = 0;
  for (const auto& row : json::parse(*answer)) {
    CHECK(row["meaning"].get<std::string>().size() > 10);
    if (row["metric"] == "forecasts")
      forecasts = row["value"];
    if (row["metric"] == "duration_error")
      CHECK(row["value"] < 0.2);
  }
  CHECK(forecasts > 100);
}

TEST_CASE_FIXTURE(plan_database, "a recommendation is carried out by the "
                                 "owner, and recorded") {
  sql("CREATE ROLE stranger");
  CHECK(plans::apply_recommendation(session(), owner(), "kept", {}).error().code
        == errc::wrong_state);
  write_history({.refreshes = 200, .every_seconds = 5, .ms = 100});
  REQUIRE(engine::set_target_lag(session(), owner(), "kept", 5min, {}));
  const auto seconds
    = recommended()["recommended_interval_seconds"].get<double>();
  CHECK(
    plans::apply_recommendation(session(), stranger, "kept", {}).error().code
    == errc::permission_denied);
  REQUIRE(plans::apply_recommendation(session(), owner(), "kept", {}));
  const auto schedule
    = text("SELECT schedule FROM pgtrickle.pgt_stream_tables");
  CHECK(schedule == std::to_string(std::llround(seconds)) + "s");
  CHECK(text("SELECT old_schedule || ' ' || new_schedule || ' ' || automatic "
             "FROM pgtrickle.schedule_changes('kept')")
        == "5s " + schedule + " false");
  sql("DROP OWNED BY stranger; DROP ROLE stranger");
}

TEST_CASE_FIXTURE(plan_database, "a target lag is set by the owner") {
  sql("CREATE ROLE stranger");
  CHECK(engine::set_target_lag(session(), stranger, "kept", 1s, {}).error().code
        == errc::permission_denied);
  CHECK(engine::set_target_lag(session(), owner(), "kept", 0s, {}).error().code
        == errc::invalid_argument);
  REQUIRE(engine::set_target_lag(session(), owner(), "kept", 90s, {}));
  CHECK(text("SELECT freshness_deadline_ms FROM pgtrickle.pgt_stream_tables")
        == "90000");
  REQUIRE(engine::set_target_lag(session(), owner(), "kept", {}, {}));
  CHECK(text("SELECT freshness_deadline_ms FROM pgtrickle.pgt_stream_tables")
          .empty());
  sql("DROP ROLE stranger");
}
