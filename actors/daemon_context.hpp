#pragma once

#include "services/bus/connection.hpp"
#include "services/bus/service_statistics.hpp"
#include "services/metrics/metrics.hpp"
#include "services/postgres/session.hpp"

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
  /// How long a shutdown waits for the work that is in progress.
  std::chrono::seconds shutdown_deadline{30};
  /// Whether PostgreSQL answered when it was last looked at.
  std::shared_ptr<std::atomic<bool>> is_ready
    = std::make_shared<std::atomic<bool>>(false);

  /// How `part` of the daemon connects to `database`.
  [[nodiscard]] postgres::session_options
  session_for(const std::string& database, std::string_view part) const {
    auto options = postgres;
    options.database = database;
    options.application_name = "pgtrickle " + std::string{part};
    return options;
  }
};

using context_ptr = std::shared_ptr<const daemon_context>;

} // namespace pgtrickle
