#include "test/scenarios/program.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

using nlohmann::json;

TEST_CASE("NATS finds the node as a service") {
  program p;
  const auto pong = p.bus.request("$SRV.PING.pgtrickle");
  REQUIRE(pong);
  const auto ping = json::parse(pong->payload);
  CHECK(ping["metadata"]["node"] == "first");
  const auto id = ping["id"].get<std::string>();
  const auto info
    = json::parse(p.bus.request("$SRV.INFO.pgtrickle." + id)->payload);
  bool found = false;
  for (const auto& endpoint : info["endpoints"])
    found = found || endpoint["subject"] == p.subject("call.*");
  CHECK(found);
  const auto requests = [&] {
    const auto stats = json::parse(p.bus.request("$SRV.STATS")->payload);
    CHECK(stats["id"] == id);
    for (const auto& endpoint : stats["endpoints"])
      if (endpoint["subject"] == p.subject("call.*"))
        return endpoint["num_requests"].get<int>();
    return -1;
  };
  const auto before = requests();
  static_cast<void>(p.call("ping", ""));
  must(p.s.db, "SELECT pgtrickle.ping()");
  CHECK(requests() == before + 2);
  // Services answer to inboxes only.
  auto elsewhere = p.bus.subscribe("elsewhere");
  p.bus.publish("$SRV.PING", "", "elsewhere");
  CHECK(requests() >= 0);
  CHECK_FALSE(elsewhere.next(0ms));
}

} // namespace pgtrickle::test
