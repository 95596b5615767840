#include "services/bus/connection.hpp"
#include "test/support/eventually.hpp"
#include "test/support/kept_alerts.hpp"
#include "test/support/private_nats.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

std::shared_ptr<bus::channel> connected(const test::private_nats& server) {
  bus::connection_options options;
  options.url = server.url();
  auto channel = bus::connect(std::move(options));
  REQUIRE(channel);
  REQUIRE(test::eventually(10s, [&] { return (*channel)->is_up(); }));
  return *channel;
}

bus::announcement alert(int number) {
  return {"pgtrickle.v1.1.2.alert.x", std::to_string(number),
          "id-" + std::to_string(number)};
}

} // namespace

TEST_CASE("an alert that is told again is kept once") {
  const test::private_nats server;
  const auto channel = connected(server);
  for (const int number : {1, 2, 1, 2, 3})
    REQUIRE(channel->publish_once(alert(number), 3s));
  CHECK(test::kept_alerts(server.url())
        == std::vector<std::string>{"id-1", "id-2", "id-3"});
}

TEST_CASE("alerts that are repeated until they are acknowledged survive the "
          "death of the server in order and once") {
  constexpr int count = 400;
  test::private_nats server;
  const auto channel = connected(server);
  std::atomic<int> told = 0;
  std::thread teller{[&] {
    while (told < count)
      if (channel->publish_once(alert(told), 500ms))
        ++told;
  }};
  for (int death = 1; death <= 3; ++death) {
    CHECK(test::eventually(30s, [&] { return told >= death * 90; }));
    server.stop();
    server.start();
  }
  CHECK(test::eventually(60s, [&] { return told == count; }));
  teller.join();
  std::vector<std::string> expected;
  for (int number = 0; number < count; ++number)
    expected.push_back("id-" + std::to_string(number));
  CHECK(test::kept_alerts(server.url()) == expected);
}

TEST_CASE("without JetStream alerts reach who listens, and a server that gets "
          "it later keeps them from then on") {
  test::private_nats server{test::jetstream::off};
  const auto channel = connected(server);
  std::atomic<int> heard = 0;
  const auto listening = channel->subscribe("pgtrickle.v1.*.*.alert.>",
                                            [&](const auto&) { ++heard; });
  REQUIRE(listening);
  REQUIRE(channel->publish_once(alert(1), 3s));
  CHECK(test::eventually(5s, [&] { return heard == 1; }));
  server.stop();
  server.start(test::jetstream::on);
  REQUIRE(test::eventually(
    10s, [&] { return channel->publish_once(alert(2), 3s).has_value(); }));
  CHECK(test::kept_alerts(server.url()) == std::vector<std::string>{"id-2"});
  server.stop();
  server.start(test::jetstream::off);
  CHECK(test::eventually(
    15s, [&] { return channel->publish_once(alert(3), 3s).has_value(); }));
}
