#include "services/dashboard/status.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

using nlohmann::json;

namespace {

json table(const std::string& name, const std::string& schedule, json lag_ms) {
  return {{"name", name},
          {"status", "ACTIVE"},
          {"refresh_mode", "AUTO"},
          {"schedule", schedule},
          {"lag_ms", std::move(lag_ms)},
          {"data_ms", 60'000}};
}

/// At 1970-01-01 00:01:10 by the database's clock.
dashboard::findings findings_of(json tables) {
  dashboard::findings found;
  found.node = "first";
  found.nodes = json::array();
  found.workers = json::parse(R"([
    {"db_name": "app", "db_oid": 5, "node": "first", "state": "current"},
    {"db_name": "else", "db_oid": 6, "node": "second", "state": "current"},
    {"db_name": "lost", "db_oid": 7, "node": "first", "state": "silent"}])");
  found.metrics
    = json::parse(R"([{"db_oid": 6, "lag_ms": 12}, {"lag_ms": 12}])");
  found.databases["app"].told = {{"now_ms", 70'000},
                                 {"time_zone", "UTC"},
                                 {"stream_tables", std::move(tables)},
                                 {"alerts", json::array()},
                                 {"snapshots", json::array()}};
  return found;
}

json next_of(json of) {
  const auto status = dashboard::status_of(findings_of(json::array({of})));
  return status["stream_tables"][0]["next_refresh"];
}

} // namespace

TEST_CASE("the next refresh is when the schedule has it") {
  CHECK(next_of(table("t", "30s", 10'000)) == "1970-01-01T00:01:30.000Z");
  // It is due.
  CHECK(next_of(table("t", "5s", 10'000)) == "1970-01-01T00:01:10.000Z");
  CHECK(next_of(table("t", "30s", 0)) == nullptr);
  CHECK(next_of(table("t", "*/5 * * * *", 0)) == "1970-01-01T00:05:00.000Z");
  CHECK(next_of(table("t", "calculated", 10'000)) == nullptr);
  CHECK(next_of(table("t", "no schedule", 10'000)) == nullptr);
  auto broken = table("t", "30s", 10'000);
  broken["status"] = "ERROR";
  CHECK(next_of(broken) == nullptr);
}

TEST_CASE("each database has its figures, and those read here are shown") {
  auto found = findings_of(json::array());
  auto status = dashboard::status_of(found);
  CHECK(status["databases"][0]["is_shown"] == true);
  CHECK(status["databases"][1]["is_shown"] == false);
  CHECK(status["databases"][1]["lag_ms"] == 12);
  found.databases["app"].problem = "too many connections";
  status = dashboard::status_of(found);
  CHECK(status["databases"][0]["problem"] == "too many connections");
  CHECK(status["stream_tables"].empty());
}

TEST_CASE("a node reads the databases that it owns now") {
  CHECK(dashboard::databases_of("first", findings_of({}).workers)
        == std::vector<std::string>{"app"});
}

TEST_CASE("an alert comes with what to do") {
  auto found = findings_of(json::array());
  found.databases["app"].told["alerts"]
    = {{{"alert_id", 1}, {"event", "resumed"}, {"created_at", "1"}},
       {{"alert_id", 2}, {"event", "of tomorrow"}, {"created_at", "2"}}};
  const auto status = dashboard::status_of(found);
  CHECK(status["alerts"][0]["alert_id"] == 2);
  CHECK(status["alerts"][0]["remedy"] == "");
  CHECK(status["alerts"][1]["remedy"] == "Nothing.");
}

TEST_CASE("changes are what differs, and what is gone") {
  auto old = dashboard::status_of(
    findings_of({table("a", "1s", 0), table("b", "1s", 0)}));
  auto current = dashboard::status_of(
    findings_of({table("a", "1s", 0), table("c", "1s", 0)}));
  old["edition"] = 1;
  current["edition"] = 2;
  const auto changes = dashboard::changes_between(old, current);
  CHECK(changes["edition"] == 2);
  REQUIRE(changes["stream_tables"].size() == 1);
  CHECK(changes["stream_tables"][0]["name"] == "c");
  CHECK(changes["gone"] == json::array({{{"database", "app"}, {"name", "b"}}}));
  CHECK_FALSE(changes.contains("databases"));
}

} // namespace pgtrickle::test
