#include "services/coordination/fleet_listing.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

const fleet_view::time_point start{};

fleet_report report(const std::string& node, oid database, std::int64_t epoch,
                    std::uint32_t active = 0) {
  fleet_report told;
  told.node = node;
  told.database.id = database;
  told.database.name = "said";
  told.database.owner_epoch = epoch;
  told.database.workers_active = active;
  told.database.quota = 4;
  return told;
}

fleet_view view_of(const std::set<database_id>& databases) {
  fleet_view view;
  view.know(databases);
  return view;
}

std::string owner(const fleet_view& view, fleet_view::time_point now) {
  const auto rows = view.rows(now);
  return rows.empty() ? "nobody" : rows.front().report.node;
}

nlohmann::json row_of(const std::string& listing, std::size_t index) {
  return nlohmann::json::parse(listing).at(index);
}

} // namespace

TEST_CASE("only databases that exist are kept, under their own names") {
  auto view = view_of({{5, "five"}});
  for (oid invented = 6; invented < 1000; ++invented)
    view.heard(report("forger", invented, 1), start);
  view.heard(report("a", 5, 1), start);
  REQUIRE(view.rows(start).size() == 1);
  CHECK(view.rows(start).front().report.database.name == "five");
  view.know({{6, "six"}});
  CHECK(view.rows(start).empty());
}

TEST_CASE("a silent owner's row shows its age and is not current") {
  auto view = view_of({{5, "five"}});
  view.heard(report("a", 5, 1), start);
  CHECK(view.rows(start + 4s).front().is_current);
  const auto row = view.rows(start + 1h).front();
  CHECK_FALSE(row.is_current);
  CHECK(row.age == 1h);
}

TEST_CASE("the later epoch owns a database") {
  auto view = view_of({{5, "five"}});
  view.heard(report("a", 5, 7), start);
  view.heard(report("b", 5, 6), start + 1s);
  CHECK(owner(view, start + 1s) == "a");
  view.heard(report("b", 5, 8), start + 1s);
  CHECK(owner(view, start + 1s) == "b");
  view.heard(report("c", 5, 8), start + 2s);
  CHECK(owner(view, start + 2s) == "b");
}

TEST_CASE("a report that was forged ends when its sender does") {
  auto view = view_of({{5, "five"}});
  view.heard(report("forger", 5, 1'000'000), start);
  view.heard(report("a", 5, 7), start + 4s);
  CHECK(owner(view, start + 4s) == "forger");
  view.heard(report("a", 5, 7), start + 5s);
  CHECK(owner(view, start + 5s) == "a");
}

TEST_CASE("nobody else reports what this node owns") {
  auto view = view_of({{5, "five"}});
  view.own(report("here", 5, 7), start);
  view.heard(report("forger", 5, 7), start + 10s);
  CHECK(owner(view, start + 10s) == "here");
  view.let_go(5);
  view.heard(report("b", 5, 8), start + 11s);
  CHECK(owner(view, start + 11s) == "b");
}

TEST_CASE("the worker summary has a row for each database") {
  auto view = view_of({{5, "x\"y"}, {6, "idle"}});
  auto busy = report("a\xff", 5, 7, 3);
  busy.database.workers_queued = 2;
  busy.database.falling_behind = true;
  view.heard(busy, start);
  view.heard(report("b", 6, 1), start);
  const auto row = row_of(worker_summary(view.rows(start + 1s)), 0);
  CHECK(row["db_name"] == "x\"y");
  CHECK(row["workers_active"] == 3);
  CHECK(row["workers_queued"] == 2);
  CHECK(row["falling_behind"] == true);
  CHECK(row["quota_utilization_pct"] == 75.0);
  CHECK(row["report_age"] == 1.0);
  CHECK(row["state"] == "current");
  CHECK(row["owner_epoch"] == 7);
}

TEST_CASE("without a quota there is no utilisation") {
  auto view = view_of({{5, "five"}});
  auto told = report("a", 5, 7, 3);
  told.database.quota = 0;
  view.heard(told, start);
  CHECK(row_of(worker_summary(view.rows(start)), 0)["quota_utilization_pct"]
          .is_null());
}

TEST_CASE("the total counts what silent owners did, not what they do") {
  auto view = view_of({{5, "five"}, {6, "six"}});
  auto one = report("a", 5, 7, 1);
  one.database.figures.refreshes = {{"DIFFERENTIAL", 10}, {"FAILED", 2}};
  one.database.figures.alerts = {{"snapshot_created", 3}};
  one.database.figures.lag_ms = 500;
  auto other = report("b", 6, 7, 2);
  other.database.figures.refreshes = {{"DIFFERENTIAL", 5}, {"FULL", 1}};
  other.database.figures.lag_ms = 9000;
  view.heard(other, start);
  view.heard(one, start + 10s);
  const auto listing = metrics_summary(view.rows(start + 10s));
  CHECK(row_of(listing, 0)["failed_refreshes"] == 2);
  CHECK(row_of(listing, 0)["successful_refreshes"] == 10);
  CHECK(row_of(listing, 1)["state"] == "silent");
  const auto total = row_of(listing, 2);
  CHECK_FALSE(total.contains("db_name"));
  CHECK(total["total_refreshes"] == 18);
  CHECK(total["differential_refreshes"] == 15);
  CHECK(total["snapshots_created"] == 3);
  CHECK(total["active_workers"] == 1);
  CHECK(total["lag_ms"] == 500);
  CHECK(total["refreshes_by_action"]["FULL"] == 1);
}
