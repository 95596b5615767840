#include "services/bus/connection.hpp"

#include "test/support/eventually.hpp"
#include "test/support/private_nats.hpp"

#include <doctest/doctest.h>

#include <mutex>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

struct inbox {
  std::mutex mutex;
  std::vector<bus::message> messages;

  bus::message_handler handler() {
    return [this](bus::message arrived) {
      const std::lock_guard guard{mutex};
      messages.push_back(std::move(arrived));
    };
  }

  std::size_t size() {
    const std::lock_guard guard{mutex};
    return messages.size();
  }
};

std::shared_ptr<bus::channel> connected(const test::private_nats& server) {
  bus::connection_options options;
  options.url = server.url();
  auto channel = bus::connect(std::move(options));
  REQUIRE(channel);
  return *channel;
}

} // namespace

TEST_CASE("what is published reaches who listens, until it stops listening") {
  const test::private_nats server;
  const auto channel = connected(server);
  inbox box;
  auto listening = channel->subscribe("a.*", box.handler());
  REQUIRE(listening);
  REQUIRE(channel->publish("a.b", "text"));
  REQUIRE(test::eventually(10s, [&] { return box.size() == 1; }));
  CHECK(box.messages[0].subject == "a.b");
  CHECK(box.messages[0].payload == "text");
  CHECK(box.messages[0].reply_to.empty());
  listening->reset();
  REQUIRE(channel->publish("a.b", "more"));
  REQUIRE(channel->publish_once({"pgtrickle.v1.1.2.alert.x", "", "1"}, 3s));
  CHECK(box.size() == 1);
}

TEST_CASE("a server that comes back finds its listeners again, and what must "
          "arrive is refused meanwhile") {
  test::private_nats server;
  const auto channel = connected(server);
  inbox box;
  const auto listening = channel->subscribe("a", box.handler());
  REQUIRE(listening);
  server.stop();
  REQUIRE(test::eventually(10s, [&] { return !channel->is_up(); }));
  const auto refused = channel->publish_once({"a", "x", "1"}, 1s);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::connection_lost);
  server.start();
  REQUIRE(test::eventually(10s, [&] { return channel->is_up(); }));
  REQUIRE(channel->publish("a", "again"));
  CHECK(test::eventually(10s, [&] { return box.size() == 1; }));
}

TEST_CASE("a server that is not there yet is waited for") {
  test::private_nats server;
  server.stop();
  const auto channel = connected(server);
  CHECK_FALSE(channel->is_up());
  server.start();
  CHECK(test::eventually(10s, [&] { return channel->is_up(); }));
}

TEST_CASE("a connection without a URL is refused") {
  const auto channel = bus::connect({});
  REQUIRE_FALSE(channel);
  CHECK(channel.error().code == errc::invalid_argument);
}
