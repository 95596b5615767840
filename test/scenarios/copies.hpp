#pragma once

#include "test/scenarios/installation.hpp"

#include <atomic>
#include <thread>

namespace pgtrickle::test {

/// A database, `shop` or a copy of it, with stream tables that are refreshed
/// every second, made by a daemon on `server`.
struct shop {
  /// Creates it; a daemon has to be running.
  static void create(const private_postgres& server, const private_nats& nats);

  explicit shop(const private_postgres& server,
                const std::string& database = "shop");

  /// Whether all stream tables come to hold what their queries return.
  [[nodiscard]] bool comes_right(std::chrono::milliseconds limit = 15s);
  /// How often a stream table was refreshed in another way than
  /// DIFFERENTIAL since `moment`, and why.
  [[nodiscard]] std::string full_refreshes_since(const std::string& moment);
  [[nodiscard]] std::string now();
  /// Some changes of every kind.
  void change();
  /// Takes a snapshot of `revenue` as `name`, and changes what it reads.
  void take_snapshot(const std::string& name);
  /// Restores `revenue` from it: the refreshes after that are DIFFERENTIAL, and
  /// right.
  void goes_on_from_snapshot(const std::string& name);

  session db;
};

/// A session that writes to a shop all the time, until it is stopped.
class shop_writer {
public:
  explicit shop_writer(const private_postgres& server);
  shop_writer(const shop_writer&) = delete;
  shop_writer& operator=(const shop_writer&) = delete;
  ~shop_writer();
  /// Waits for its last statement; how many there were.
  int stop();

private:
  std::atomic<bool> goes_on_ = true;
  std::atomic<int> written_ = 0;
  std::thread thread_;
};

} // namespace pgtrickle::test
