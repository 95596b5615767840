#pragma once

#include "test/sql/fake_daemon.hpp"
#include "test/sql/session.hpp"
#include "test/support/private_nats.hpp"
#include "test/support/private_postgres.hpp"

#include <chrono>
#include <memory>
#include <thread>

namespace pgtrickle::test {

using namespace std::chrono_literals;

/// What every test of the extension runs in: PostgreSQL with the installed
/// extension in database `postgres`, NATS, and a fake daemon; one for the
/// whole program. Roles alice and bob may log in and create in schema public.
struct environment {
  environment();

  private_postgres postgres;
  private_nats nats;
  std::unique_ptr<fake_daemon> daemon;

  [[nodiscard]] session connect(const std::string& user = "postgres") const;

  /// Starts the fake daemon, in place of the one before.
  void start_daemon();
};

environment& the_environment();

/// Whether `condition` comes true within `limit`.
template <class Condition>
bool within(std::chrono::milliseconds limit, Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline)
      return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

/// Milliseconds that `action` takes.
template <class Action>
double duration_of(Action action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double, std::milli>(
           std::chrono::steady_clock::now() - start)
    .count();
}

} // namespace pgtrickle::test
