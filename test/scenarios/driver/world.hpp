#pragma once

#include "test/scenarios/driver/action.hpp"
#include "test/scenarios/driver/client.hpp"
#include "test/scenarios/driver/script.hpp"
#include "test/support/private_daemon.hpp"
#include "test/support/private_nats.hpp"
#include "test/support/private_postgres.hpp"

#include <chrono>
#include <memory>
#include <set>

namespace pgtrickle::test::driver {

/// PostgreSQL, NATS, the daemons and the users that a run has for itself.
class world {
public:
  world(extent size, journal& notes);

  /// Carries out a fault, or gives the step to its user.
  void perform(int number, const action& step);

  /// Waits for the users, and brings back all that a fault has taken away.
  void calm_down();

  [[nodiscard]] session connect(const std::string& database) const;
  [[nodiscard]] const std::vector<std::string>& databases() const {
    return size_.databases;
  }
  /// When the daemon that has run longest was started.
  [[nodiscard]] std::chrono::system_clock::time_point oldest_start() const;
  /// Temporary relations that PostgreSQL's immediate stop has left: it removes
  /// them when their place is needed.
  [[nodiscard]] const std::set<std::string>& left_by_a_crash() const {
    return left_by_a_crash_;
  }
  /// What the daemons have logged.
  [[nodiscard]] std::string daemon_logs() const;

private:
  struct node {
    std::unique_ptr<private_daemon> daemon;
    bool paused = false;
    std::chrono::system_clock::time_point started_at{};
  };

  void create_database(const std::string& name) const;
  void start(node& one);
  void concern(fault what, node& one);
  void terminate_backends();
  void restart_postgres();
  void end_prepared_transactions();

  extent size_;
  journal& notes_;
  private_postgres postgres_{"synchronous_commit = on\n"
                             "max_prepared_transactions = 20\n"
                             "deadlock_timeout = 200ms\n"};
  private_nats nats_;
  bool nats_runs_ = true;
  std::vector<node> nodes_;
  std::set<std::string> left_by_a_crash_;
  std::vector<std::unique_ptr<client>> clients_;
};

} // namespace pgtrickle::test::driver
