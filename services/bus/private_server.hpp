#pragma once

#include "services/core/result.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace pgtrickle::bus {

struct private_server_options {
  /// Where it keeps its streams, its configuration and its log.
  std::filesystem::path directory;
  /// Loopback only.
  int port = 4222;
  std::string program = "nats-server";
};

/// A nats-server of the daemon's own, which dies with it.
class private_server {
public:
  /// Starts it and waits until it answers. Call on the main thread, before
  /// others start: the server dies with the thread that started it.
  /// Errors: wrong_state (port taken, program missing, no answer).
  [[nodiscard]] static result<private_server>
  start(const private_server_options& options);

  [[nodiscard]] const std::string& url() const;

  /// Starts the server again if it has died; returns whether it had.
  [[nodiscard]] result<bool> revive();

private:
  struct state;
  explicit private_server(std::shared_ptr<state> s) : state_(std::move(s)) {}

  std::shared_ptr<state> state_;
};

} // namespace pgtrickle::bus
