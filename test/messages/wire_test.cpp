#include "messages/wire.hpp"

#include "proto/call.pb.h"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

const bus::database_time start{std::chrono::hours{1000}};

wire::signed_call decoded(const std::string& method,
                          const std::string& secret) {
  wire::Call call;
  call.set_id("0123");
  call.set_method(method);
  call.set_arguments("{}");
  call.set_role("alice");
  call.set_search_path("public");
  call.set_backend_pid(42);
  call.set_issued_at(start.time_since_epoch().count());
  call.set_deadline((start + 10s).time_since_epoch().count());
  wire::SignedCall envelope;
  envelope.set_call(call.SerializeAsString());
  envelope.set_signature(bus::hmac_sha256(secret, envelope.call()));
  return *wire::decode_signed_call(envelope.SerializeAsString());
}

wire::Reply reply(const std::string& bytes) {
  wire::Reply parsed;
  REQUIRE(parsed.ParseFromString(bytes));
  return parsed;
}

} // namespace

TEST_CASE("a call arrives as it was signed") {
  const auto asked = decoded("ping", "secret");
  CHECK(asked.content.ticket.id == "0123");
  CHECK(asked.content.ticket.backend_pid == 42);
  CHECK(asked.content.by.role == "alice");
  CHECK(asked.content.by.search_path == "public");
  CHECK(asked.deadline == start + 10s);
  bus::replay_guard guard{start};
  CHECK(wire::verify(asked, "secret", "ping", guard, start + 1s));
}

TEST_CASE("garbage is no call") {
  CHECK_FALSE(wire::decode_signed_call(""));
  CHECK_FALSE(wire::decode_signed_call("\xff\xff\xff"));
  CHECK_FALSE(wire::decode_signed_call(std::string(1000, '\0')));
}

TEST_CASE("a forged, misplaced or late call is refused and does not count as "
          "seen") {
  bus::replay_guard guard{start};
  const auto asked = decoded("ping", "secret");
  const auto forged = wire::verify(asked, "other", "ping", guard, start + 1s);
  REQUIRE_FALSE(forged);
  CHECK(forged.error().state() == "28000");
  CHECK_FALSE(wire::verify(asked, "secret", "drop", guard, start + 1s));
  const auto late = wire::verify(asked, "secret", "ping", guard, start + 11s);
  REQUIRE_FALSE(late);
  CHECK(late.error().code == errc::deadline_exceeded);
  CHECK(wire::verify(asked, "secret", "ping", guard, start + 1s));
}

TEST_CASE("a result that is larger than a message comes in parts") {
  const std::string json(wire::max_part_bytes * 2 + 5, 'x');
  const auto parts = wire::encode_result(json);
  REQUIRE(parts.size() == 3);
  std::string joined;
  for (std::uint32_t i = 0; i < 3; ++i) {
    const auto part = reply(parts[i]).result();
    CHECK(part.index() == i);
    CHECK(part.count() == 3);
    joined += part.json();
  }
  CHECK(joined == json);
  CHECK(wire::encode_result("").size() == 1);
}

TEST_CASE("an error carries PostgreSQL's own state where there is one") {
  const auto own = reply(wire::encode_error({errc::overloaded, "busy"}));
  CHECK(own.error().sqlstate() == "53000");
  CHECK_FALSE(own.error().not_begun());
  CHECK(
    reply(wire::encode_error({errc::taking_over, "soon"})).error().not_begun());
  const auto theirs = reply(wire::encode_error(
    {errc::statement_failed, "division", "detail", "hint", "22012"}));
  CHECK(theirs.error().sqlstate() == "22012");
  CHECK(theirs.error().detail() == "detail");
  CHECK(theirs.error().hint() == "hint");
}

TEST_CASE("a heartbeat survives the wire") {
  const node_report report{
    "here", "1", start, start + 1s, {{5, "postgres", 7, 3, 2, 1}}};
  const auto back = wire::decode_heartbeat(wire::encode_heartbeat(report));
  REQUIRE(back);
  CHECK(back->node == "here");
  CHECK(back->databases == report.databases);
  CHECK_FALSE(wire::decode_heartbeat("\xff"));
}

TEST_CASE("a report survives the wire") {
  fleet_report told;
  told.node = "here";
  told.sent_at = start;
  told.database = {5, "postgres", 7, 4, 2, 1, 4, {}};
  told.database.figures = {{{"ACTIVE", 3}, {"ERROR", 1}},
                           {{"DIFFERENTIAL", 100}, {"FAILED", 2}},
                           {{"refresh_failed", 2}},
                           1000,
                           500,
                           400,
                           1,
                           12.5,
                           0.25};
  const auto back = wire::decode_report(wire::encode_report(told));
  REQUIRE(back);
  CHECK(back->node == "here");
  CHECK(back->sent_at == start);
  CHECK(back->database == told.database);
}

TEST_CASE("what no daemon would report is no report") {
  CHECK_FALSE(wire::decode_report(""));
  CHECK_FALSE(wire::decode_report("\xff\xff"));
  fleet_report told;
  told.node = "forger";
  told.database.id = 5;
  CHECK(wire::decode_report(wire::encode_report(told)));
  told.database.figures.alerts = {{std::string(65, 'x'), 1}};
  CHECK_FALSE(wire::decode_report(wire::encode_report(told)));
  told.database.figures.alerts.clear();
  for (int i = 0; i < 65; ++i)
    told.database.figures.refreshes[std::to_string(i)] = 1;
  CHECK_FALSE(wire::decode_report(wire::encode_report(told)));
  told.database.figures.refreshes.clear();
  told.database.name = std::string(20'000, 'x');
  CHECK_FALSE(wire::decode_report(wire::encode_report(told)));
  told.database.name.clear();
  told.node.clear();
  CHECK_FALSE(wire::decode_report(wire::encode_report(told)));
}
