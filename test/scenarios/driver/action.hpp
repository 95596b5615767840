#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pgtrickle::test::driver {

/// What can go wrong. A node that was stopped or killed, and NATS, come back by
/// another action, or at the next quiet point.
enum class fault : std::uint8_t {
  none,
  kill_daemon,
  end_daemon,
  start_daemon,
  pause_daemon,
  go_on_daemon,
  terminate_backends,
  restart_postgres,
  stop_nats,
  start_nats,
};

[[nodiscard]] const char* name_of(fault what);

/// One step of the driver. It depends on the seed and the steps before only,
/// never on what came of those: the same seed gives the same steps.
struct action {
  fault what = fault::none;
  /// The node that a fault concerns.
  int node = 0;

  /// Otherwise a user's: his session, database, and statements one by one.
  int client = 0;
  std::string database;
  std::vector<std::string> statements;

  /// Until the next step.
  int pause_ms = 0;

  [[nodiscard]] std::string text() const;
};

} // namespace pgtrickle::test::driver
