#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "test/sql/environment.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

namespace pgtrickle::test {

namespace {

std::string from_hex(const std::string& digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes.push_back(
      static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  return bytes;
}

void must_run(session& db, const std::string& statement) {
  if (const auto done = db.run(statement); !done.sqlstate.empty())
    throw std::runtime_error(statement + ": " + done.message);
}

} // namespace

environment::environment() {
  auto admin = connect();
  must_run(admin, "CREATE EXTENSION pg_trickle");
  must_run(admin, "CREATE ROLE alice LOGIN");
  must_run(admin, "CREATE ROLE bob LOGIN");
  must_run(admin, "GRANT CREATE ON SCHEMA public TO alice, bob");
  must_run(admin, "ALTER DATABASE postgres SET pg_trickle.nats_url = '"
                    + nats.url() + "'");
  start_daemon();
}

session environment::connect(const std::string& user) const {
  return session(postgres.conninfo("postgres", user));
}

void environment::start_daemon() {
  auto admin = connect();
  const auto prefix
    = "pgtrickle.v1."
      + admin.run("SELECT system_identifier FROM pg_control_system()").value()
      + "."
      + admin
          .run("SELECT oid FROM pg_database WHERE datname = current_database()")
          .value();
  const auto secret = from_hex(
    admin.run("SELECT encode(secret, 'hex') FROM pgtrickle.pgt_secret")
      .value());
  daemon.reset();
  daemon = std::make_unique<fake_daemon>(nats.url(), prefix, secret);
}

environment& the_environment() {
  static environment only;
  return only;
}

} // namespace pgtrickle::test
