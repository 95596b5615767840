#pragma once

#include "test/sql/fake_daemon.hpp"
#include "test/support/eventually.hpp"
#include "test/support/private_nats.hpp"
#include "test/support/private_postgres.hpp"
#include "test/support/session.hpp"

#include <memory>

namespace pgtrickle::test {

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

} // namespace pgtrickle::test
