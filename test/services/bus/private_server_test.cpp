#include "services/bus/private_server.hpp"

#include "services/bus/connection.hpp"
#include "test/support/eventually.hpp"
#include "test/support/private_directory.hpp"
#include "test/support/private_nats.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace std::chrono_literals;

TEST_CASE("the daemon's own nats-server answers and stores alerts") {
  const test::private_directory directory;
  auto server = bus::private_server::start(
    {directory.path() / "nats", test::free_port()});
  REQUIRE(server);
  bus::connection_options options;
  options.url = server->url();
  const auto channel = bus::connect(std::move(options));
  REQUIRE(channel);
  CHECK(
    (*channel)->publish_once({"pgtrickle.v1.1.2.alert.test", "{}", "1"}, 5s));
  CHECK(server->revive() == false);
}

TEST_CASE("a port that a nats-server has already is refused with a hint") {
  const test::private_directory directory;
  const test::private_nats other;
  const auto server
    = bus::private_server::start({directory.path() / "nats", other.port()});
  REQUIRE_FALSE(server);
  CHECK(server.error().code == errc::wrong_state);
  CHECK(server.error().hint.find("--nats") != std::string::npos);
}

TEST_CASE("a missing nats-server is named") {
  const test::private_directory directory;
  const auto server = bus::private_server::start(
    {directory.path() / "nats", test::free_port(), "no-such-program"});
  REQUIRE_FALSE(server);
  CHECK(server.error().hint.find("nats-server") != std::string::npos);
}
