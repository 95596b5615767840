#include "services/coordination/fleet_listing.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace pgtrickle {

namespace {

using nlohmann::json;
using named_counts = std::map<std::string, std::int64_t>;

std::int64_t count_of(const named_counts& counts, const std::string& name) {
  const auto found = counts.find(name);
  return found == counts.end() ? 0 : found->second;
}

std::int64_t sum_of(const named_counts& counts) {
  std::int64_t sum = 0;
  for (const auto& [name, count] : counts)
    sum += count;
  return sum;
}

void add(named_counts& to, const named_counts& counts) {
  for (const auto& [name, count] : counts)
    to[name] += count;
}

json utilization(std::uint32_t active, std::uint32_t quota) {
  return quota == 0 ? json{} : json(100.0 * active / quota);
}

/// Where a row comes from, and how old it is in seconds.
void add_origin(json& object, const fleet_view::row& row) {
  object["node"] = row.report.node;
  object["owner_epoch"] = row.report.database.owner_epoch;
  object["report_age"] = static_cast<double>(row.age.count()) / 1000;
  object["state"] = row.is_current ? "current" : "silent";
}

json metrics_of(const database_figures& figures, std::uint32_t active,
                std::uint32_t quota) {
  const auto& refreshes = figures.refreshes;
  const auto total = sum_of(refreshes);
  const auto failed = count_of(refreshes, "FAILED");
  return {
    {"total_stream_tables", sum_of(figures.stream_tables)},
    {"active_stream_tables", count_of(figures.stream_tables, "ACTIVE")},
    {"suspended_stream_tables", count_of(figures.stream_tables, "SUSPENDED")},
    {"error_stream_tables", count_of(figures.stream_tables, "ERROR")},
    {"total_refreshes", total},
    {"successful_refreshes", total - failed},
    {"failed_refreshes", failed},
    {"differential_refreshes", count_of(refreshes, "DIFFERENTIAL")},
    {"full_refreshes", count_of(refreshes, "FULL")},
    {"reinitialize_refreshes", count_of(refreshes, "REINITIALIZE")},
    {"no_data_refreshes", count_of(refreshes, "NO_DATA")},
    {"rows_inserted", figures.rows_inserted},
    {"rows_deleted", figures.rows_deleted},
    {"changes_consumed", figures.changes_consumed},
    {"active_workers", active},
    {"worker_utilization_pct", utilization(active, quota)},
    {"lag_ms", figures.lag_ms},
    {"lag_p95_pct", figures.lag_share_p95 * 100},
    {"alerts", sum_of(figures.alerts)},
    {"alerts_waiting", figures.alerts_waiting},
    {"snapshots_created", count_of(figures.alerts, "snapshot_created")},
    {"snapshots_restored", count_of(figures.alerts, "snapshot_restored")},
    {"refreshes_by_action", refreshes},
    {"alerts_by_event", figures.alerts}};
}

/// All databases in one.
struct total {
  database_figures figures;
  std::uint32_t active = 0;
  std::uint32_t quota = 0;

  void take(const fleet_view::row& row);
};

void total::take(const fleet_view::row& row) {
  const auto& database = row.report.database;
  const auto& one = database.figures;
  add(figures.stream_tables, one.stream_tables);
  add(figures.refreshes, one.refreshes);
  add(figures.alerts, one.alerts);
  figures.changes_consumed += one.changes_consumed;
  figures.rows_inserted += one.rows_inserted;
  figures.rows_deleted += one.rows_deleted;
  figures.alerts_waiting += one.alerts_waiting;
  if (!row.is_current)
    return;
  figures.lag_ms = std::max(figures.lag_ms, one.lag_ms);
  figures.lag_share_p95 = std::max(figures.lag_share_p95, one.lag_share_p95);
  active += database.workers_active;
  quota += database.quota;
}

std::string text_of(const json& listing) {
  return listing.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace

std::string worker_summary(const std::vector<fleet_view::row>& rows) {
  auto listing = json::array();
  for (const auto& row : rows) {
    const auto& database = row.report.database;
    json object{{"db_oid", database.id},
                {"db_name", database.name},
                {"workers_active", database.workers_active},
                {"workers_queued", database.workers_queued},
                {"quota", database.quota},
                {"quota_utilization_pct",
                 utilization(database.workers_active, database.quota)},
                {"falling_behind", database.falling_behind}};
    add_origin(object, row);
    listing.push_back(std::move(object));
  }
  return text_of(listing);
}

std::string metrics_summary(const std::vector<fleet_view::row>& rows) {
  auto listing = json::array();
  total all;
  for (const auto& row : rows) {
    const auto& database = row.report.database;
    auto object
      = metrics_of(database.figures, database.workers_active, database.quota);
    object["db_name"] = database.name;
    object["db_oid"] = database.id;
    add_origin(object, row);
    listing.push_back(std::move(object));
    all.take(row);
  }
  listing.push_back(metrics_of(all.figures, all.active, all.quota));
  return text_of(listing);
}

} // namespace pgtrickle
