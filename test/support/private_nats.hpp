#pragma once

#include "test/support/child_process.hpp"
#include "test/support/private_directory.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgtrickle::test {

enum class jetstream : std::uint8_t { on, off };

/// A nats-server of the test's own, with JetStream unless said otherwise, on
/// 127.0.0.1.
class private_nats {
public:
  /// Starts the server. `options` come after those of every such server.
  explicit private_nats(jetstream streams = jetstream::on,
                        std::vector<std::string> options = {});
  private_nats(const private_nats&) = delete;
  private_nats& operator=(const private_nats&) = delete;
  /// Stops it and removes what it stored.
  ~private_nats();

  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::uint16_t port() const { return port_; }

  void stop();
  /// Starts it again, on the same port; returns once it takes connections.
  void start(jetstream streams = jetstream::on);

private:
  private_directory dir_;
  std::uint16_t port_ = free_port();
  std::vector<std::string> options_;
  std::optional<child_process> server_;
};

} // namespace pgtrickle::test
