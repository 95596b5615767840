#include "messages/wire.hpp"
#include "proto/cluster.pb.h"

#include <algorithm>

namespace pgtrickle::wire {

namespace {

using named_counts = std::map<std::string, std::int64_t>;

/// Anyone may publish: a report is read no further than a daemon's may go.
constexpr std::size_t max_report_bytes = 16 * 1024;
constexpr int max_names = 64;
constexpr std::size_t max_name_bytes = 64;

template <class Map>
void fill(Map& map, const named_counts& counts) {
  map.insert(counts.begin(), counts.end());
}

template <class Map>
bool is_sensible(const Map& map) {
  return std::ssize(map) <= max_names
         && std::ranges::all_of(map, [](const auto& count) {
              return count.first.size() <= max_name_bytes;
            });
}

template <class Map>
named_counts counts_of(const Map& map) {
  return {map.begin(), map.end()};
}

void fill(DatabaseReport& message, const database_figures& figures) {
  fill(*message.mutable_stream_tables(), figures.stream_tables);
  fill(*message.mutable_refreshes(), figures.refreshes);
  fill(*message.mutable_alerts(), figures.alerts);
  message.set_changes_consumed(figures.changes_consumed);
  message.set_rows_inserted(figures.rows_inserted);
  message.set_rows_deleted(figures.rows_deleted);
  message.set_alerts_waiting(figures.alerts_waiting);
  message.set_lag_ms(figures.lag_ms);
  message.set_lag_share_p95(figures.lag_share_p95);
}

database_figures figures_of(const DatabaseReport& message) {
  return {counts_of(message.stream_tables()),
          counts_of(message.refreshes()),
          counts_of(message.alerts()),
          message.changes_consumed(),
          message.rows_inserted(),
          message.rows_deleted(),
          message.alerts_waiting(),
          message.lag_ms(),
          message.lag_share_p95()};
}

} // namespace

std::string encode_report(const fleet_report& report) {
  const auto& database = report.database;
  DatabaseReport message;
  message.set_oid(database.id);
  message.set_name(database.name);
  message.set_node(report.node);
  message.set_owner_epoch(database.owner_epoch);
  message.set_sent_at(report.sent_at.time_since_epoch().count());
  message.set_workers_active(database.workers_active);
  message.set_workers_queued(database.workers_queued);
  message.set_quota(database.quota);
  message.set_falling_behind(database.falling_behind);
  fill(message, database.figures);
  return message.SerializeAsString();
}

std::optional<fleet_report> decode_report(std::string_view payload) {
  DatabaseReport message;
  if (payload.size() > max_report_bytes
      || !message.ParseFromArray(payload.data(),
                                 static_cast<int>(payload.size()))
      || message.oid() == 0 || message.node().empty()
      || !is_sensible(message.stream_tables())
      || !is_sensible(message.refreshes()) || !is_sensible(message.alerts()))
    return std::nullopt;
  fleet_report report;
  report.node = message.node();
  report.sent_at
    = bus::database_time{std::chrono::microseconds{message.sent_at()}};
  auto& database = report.database;
  database.id = message.oid();
  database.name = message.name();
  database.owner_epoch = message.owner_epoch();
  database.workers_active = message.workers_active();
  database.workers_queued = message.workers_queued();
  database.quota = message.quota();
  database.falling_behind = message.falling_behind();
  database.figures = figures_of(message);
  for (const auto& [status, count] : database.figures.stream_tables)
    database.stream_tables += static_cast<std::uint32_t>(count);
  return report;
}

} // namespace pgtrickle::wire
