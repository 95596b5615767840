// Signing in, at a PostgreSQL that asks some for their passwords.

#include "services/dashboard/sign_ins.hpp"

#include "test/support/contents.hpp"
#include "test/support/private_postgres.hpp"
#include "test/support/session.hpp"

#include <doctest/doctest.h>

#include <fstream>

namespace pgtrickle::test {

using dashboard::sign_ins;
using namespace std::chrono_literals;

namespace {

constexpr sign_ins::time_point start{100h};

/// Asks `ada` for her password and believes everybody else.
private_postgres& the_postgres() {
  static private_postgres server;
  static const bool is_guarded = [] {
    session root{server.conninfo()};
    must(root, "CREATE ROLE ada LOGIN PASSWORD 'it''s \\ \"hers\"';"
               "CREATE ROLE bob LOGIN PASSWORD 'his'");
    const auto file = root.run("SHOW hba_file").value();
    const auto rest = contents(file);
    std::ofstream{file} << "local all ada scram-sha-256\n" << rest;
    server.stop();
    server.start();
    return true;
  }();
  static_cast<void>(is_guarded);
  return server;
}

struct door {
  result<dashboard::ticket> sign_in(sign_ins::time_point now,
                                    const std::string& password
                                    = R"(it's \ "hers")") {
    return visitors.sign_in({"postgres", "ada", password}, now);
  }

  result<postgres::text_rows> run(const dashboard::ticket& held,
                                  sign_ins::time_point now) {
    return visitors.run(held.secret, "SELECT current_user, $1", {"x"}, now);
  }

  sign_ins visitors{[](const auto& who) {
    // What proves who the daemon is proves nothing of others.
    return postgres::open_as(the_postgres().conninfo() + " password='daemons'",
                             who);
  }};
};

} // namespace

TEST_CASE_FIXTURE(
  door, "statements run as the role that signed in, until it signs out") {
  const auto held = sign_in(start);
  REQUIRE(held);
  CHECK(run(*held, start)->value(0, 0) == "ada");
  CHECK(visitors.find(held->secret, start)->token == held->token);
  visitors.sign_out(held->secret);
  CHECK(run(*held, start).error().code == errc::call_rejected);
}

TEST_CASE_FIXTURE(door, "who does nothing for a while has to sign in again") {
  const auto held = sign_in(start);
  REQUIRE(held);
  CHECK(run(*held, start + sign_ins::idle));
  CHECK(run(*held, start + 2 * sign_ins::idle));
  CHECK_FALSE(run(*held, start + 3 * sign_ins::idle + 1s));
  CHECK_FALSE(visitors.find(held->secret, start));
}

TEST_CASE_FIXTURE(door, "attempts that fail have a second between them") {
  CHECK(sign_in(start, "hers").error().code == errc::permission_denied);
  CHECK(sign_in(start + 999ms).error().code == errc::overloaded);
  const auto held = sign_in(start + sign_ins::after_failure);
  REQUIRE(held);
  visitors.sign_out(held->secret);
}

TEST_CASE_FIXTURE(door, "no more are signed in than there is room for") {
  std::vector<dashboard::ticket> all;
  for (std::size_t i = 0; i < sign_ins::most; ++i)
    all.push_back(sign_in(start).value());
  CHECK(sign_in(start).error().code == errc::overloaded);
  for (const auto& held : all)
    visitors.sign_out(held.secret);
}

TEST_CASE("who is let in without a password is not signed in") {
  const auto& server = the_postgres();
  const auto refused
    = postgres::open_as(server.conninfo(), {"postgres", "bob", "anything"});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::permission_denied);
  CHECK(refused.error().hint.find("pg_hba.conf") != std::string::npos);
  CHECK(
    postgres::open_as(server.conninfo(), {"postgres", "ada", ""}).error().code
    == errc::permission_denied);
}

} // namespace pgtrickle::test
