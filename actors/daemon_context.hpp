#pragma once

#include "services/bus/connection.hpp"
#include "services/bus/service_statistics.hpp"
#include "services/coordination/fleet_board.hpp"
#include "services/dashboard/board.hpp"
#include "services/dashboard/statement_log.hpp"
#include "services/metrics/metrics.hpp"
#include "services/postgres/doorbell.hpp"
#include "services/postgres/session.hpp"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

namespace pgtrickle {

/// What the actors of one daemon share: set up once, before they start.
struct daemon_context {
  /// This node's name on the bus.
  std::string node;
  std::string version;
  std::chrono::system_clock::time_point started_at;
  postgres::session_options postgres;
  std::shared_ptr<bus::channel> bus;
  std::shared_ptr<metrics::node_metrics> metrics;
  /// What the node answers as a NATS service.
  std::shared_ptr<bus::service_statistics> served
    = std::make_shared<bus::service_statistics>();
  /// Refreshes at a time in each database; 0: what the database says.
  std::int64_t workers = 0;
  /// This node's weight beside the others.
  std::int64_t capacity = 1;
  /// It hands over whatever it owns, and ends.
  bool drains = false;
  /// After how long a silence others take over.
  std::chrono::milliseconds lease{10'000};
  /// Refreshes at a time in all databases of this node; 0: its share.
  std::int64_t max_workers = 0;
  /// Where all of the daemon's sessions wait for their places.
  std::shared_ptr<postgres::connection_gate> connections
    = std::make_shared<postgres::connection_gate>();
  /// Rings for all sessions that wait for notifications.
  std::shared_ptr<postgres::doorbell> doorbell
    = std::make_shared<postgres::doorbell>();
  /// How long a shutdown waits for the work that is in progress.
  std::chrono::seconds shutdown_deadline{30};
  /// Whether it was to hand over what it owned, and has.
  std::shared_ptr<std::atomic<bool>> is_drained
    = std::make_shared<std::atomic<bool>>(false);
  /// Whether PostgreSQL answered when it was last looked at.
  std::shared_ptr<std::atomic<bool>> is_ready
    = std::make_shared<std::atomic<bool>>(false);

  /// What those who look at the dashboard see.
  std::shared_ptr<dashboard::board> board
    = std::make_shared<dashboard::board>();
  /// What the statements of the last refreshes took.
  std::shared_ptr<dashboard::statement_log> statements
    = std::make_shared<dashboard::statement_log>();
  /// The whole cluster as it was heard last.
  std::shared_ptr<fleet_board> fleet = std::make_shared<fleet_board>();
  /// pg_trickle.metrics_request_timeout_ms as it was read last.
  std::shared_ptr<std::atomic<int>> metrics_request_timeout_ms
    = std::make_shared<std::atomic<int>>(5000);

  /// How `part` of the daemon connects to `database`.
  [[nodiscard]] postgres::session_options
  session_for(const std::string& database, std::string_view part) const {
    auto options = postgres;
    options.database = database;
    options.application_name = fmt::format("pgtrickle {}@{}", part, node);
    options.gate = connections;
    options.lasts = part == "watcher" || part == "node";
    return options;
  }
};

using context_ptr = std::shared_ptr<const daemon_context>;

} // namespace pgtrickle
