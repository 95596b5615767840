#include "messages/program_call.hpp"

#include "messages/replies.hpp"
#include "proto/call.pb.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

const bus::database_address address{"7300", 5};
const bus::database_time now{std::chrono::seconds{1'800'000'000}};
constexpr std::string_view secret = "secret";

std::string token() {
  const auto text
    = bus::base64url(R"({"alg":"HS256","typ":"JWT"})") + "."
      + bus::base64url(R"({"aud":"7300.5","role":16400,"issuer":10,)"
                       R"("jti":"t","iat":1799999990,"exp":1800000010})");
  return text + "."
         + bus::base64url(bus::hmac_sha256(bus::token_key(secret), text));
}

bus::message request(const std::string& method, const std::string& payload,
                     bus::headers more = {}) {
  more.emplace_back("Pgtrickle-Token", token());
  return {"pgtrickle.v1.7300.5.call." + method, "_INBOX.x", payload, more};
}

result<wire::program_call> read(const bus::message& arrived) {
  bus::replay_guard guard{now - 1h};
  return wire::read_program_call(arrived, address, secret, guard, now);
}

failure refused(const bus::message& arrived) {
  const auto asked = read(arrived);
  REQUIRE_FALSE(asked);
  return asked.error();
}

call_ledger::entry entry(reply_format format) {
  call_ledger::entry made;
  made.format = format;
  return made;
}

} // namespace

TEST_CASE("a program's call is read, its role left to the database") {
  const auto asked = read(
    request("explain_st", R"({"name": "a"})",
            {{"Pgtrickle-Search-Path", "shop"}, {"pgtrickle-timeout", "2.5"}}));
  REQUIRE(asked);
  CHECK(asked->proof.role == 16400);
  CHECK(asked->content.method == "explain_st");
  CHECK(asked->content.arguments == R"({"name": "a"})");
  CHECK(asked->content.by.role.empty());
  CHECK(asked->content.by.search_path == "shop");
  CHECK(asked->content.ticket.backend_pid == 0);
  CHECK(asked->deadline == now + 2500ms);
  CHECK(asked->format == reply_format::json);
  CHECK(read(request("ping", ""))->content.arguments == "{}");
  CHECK(read(request("ping", ""))->deadline == now + 30s);
}

TEST_CASE("the content type says how arguments come and results go") {
  wire::Call call;
  call.set_arguments(R"({"name": "a"})");
  call.set_role("postgres");
  const auto asked = read(request("explain_st", call.SerializeAsString(),
                                  {{"Content-Type", "application/protobuf"}}));
  REQUIRE(asked);
  CHECK(asked->content.arguments == R"({"name": "a"})");
  CHECK(asked->content.by.role.empty());
  CHECK(asked->format == reply_format::protobuf);
  CHECK(refused(request("ping", "\xff\xff",
                        {{"Content-Type", "application/protobuf"}}))
          .message
        == "payload is not a Call in protobuf");
}

TEST_CASE("a call without a sound token goes no further") {
  auto arrived = request("ping", "{}");
  arrived.given = {{"Pgtrickle-Token", "guess"}};
  CHECK(refused(arrived).code == errc::call_rejected);
  CHECK(wire::is_program_call(arrived));
  arrived.given = {{"Content-Type", "application/json"}};
  CHECK(refused(arrived).message == "call has no header Pgtrickle-Token");
  CHECK(wire::is_program_call(arrived));
  arrived.given = {};
  CHECK_FALSE(wire::is_program_call(arrived));
}

TEST_CASE("a call of no method is refused under its name") {
  const auto reason = refused(request("cancel", "{}"));
  CHECK(reason.state() == "42883");
  CHECK(wire::service_error_code(reason) == 404);
  CHECK(refused(request("_relay", "{}")).state() == "42883");
}

TEST_CASE("a call that changes something is let in once") {
  const std::string arguments = R"({"name": "a", "cascade": false})";
  CHECK(refused(request("drop_stream_table", arguments)).code
        == errc::invalid_argument);
  CHECK(refused(request("drop_stream_table", arguments,
                        {{"Pgtrickle-Request-Id", "1"}}))
          .code
        == errc::invalid_argument);
  bus::replay_guard guard{now - 1h};
  const auto attempt = [&](const std::string& id, const std::string& issued) {
    const auto arrived = request(
      "drop_stream_table", arguments,
      {{"Pgtrickle-Request-Id", id}, {"Pgtrickle-Issued-At", issued}});
    return wire::read_program_call(arrived, address, secret, guard, now)
      .map([](const wire::program_call& asked) {
        return asked.content.ticket.id;
      });
  };
  CHECK(attempt("1", "1800000000.5") == std::string{"t/1"});
  CHECK(attempt("1", "1800000001").error().code == errc::call_rejected);
  CHECK(attempt("2", "1799999000").error().message == "call is too old");
  CHECK(attempt("3", "1800001000").error().code == errc::call_rejected);
  for (const std::string issued :
       {"", "x", "-1", "nan", "inf", "1e300", "1800000000 "})
    CHECK(attempt("4", issued).error().code == errc::invalid_argument);
  for (const auto& id : {std::string{}, std::string(65, 'x'),
                         std::string{"a b"}, std::string{"a\x7f"}})
    CHECK(attempt(id, "1800000000").error().code == errc::invalid_argument);
}

TEST_CASE("a call that reads may come any number of times") {
  const auto first = read(request("ping", ""));
  const auto second = read(request("ping", ""));
  CHECK(first->content.ticket.id != second->content.ticket.id);
  const auto named = request("ping", "", {{"Pgtrickle-Request-Id", "7"}});
  CHECK(read(named)->content.ticket.id == "t/7");
  CHECK(wire::read_program_cancel(named, address, secret, now)
        == std::string{"t/7"});
}

TEST_CASE("an error tells its message in headers and the rest in its body") {
  const failure reason{errc::permission_denied, "must be owner\r\nof a",
                       "detail", "hint"};
  const auto json = wire::error_reply(reply_format::json, reason);
  CHECK(json.headers
        == bus::headers{{"Nats-Service-Error", "must be owner  of a"},
                        {"Nats-Service-Error-Code", "403"},
                        {"Content-Type", "application/json"}});
  CHECK(nlohmann::json::parse(json.payload)
        == nlohmann::json{{"error",
                           {{"sqlstate", "42501"},
                            {"message", "must be owner\r\nof a"},
                            {"detail", "detail"},
                            {"hint", "hint"}}}});
  wire::Reply reply;
  REQUIRE(reply.ParseFromString(
    wire::error_reply(reply_format::protobuf, reason).payload));
  CHECK(reply.error().sqlstate() == "42501");
  CHECK(wire::error_reply(reply_format::signed_call, reason).headers.empty());
}

TEST_CASE("a result that does not fit into a message comes in parts") {
  const std::string json = "\"" + std::string(20'000, 'x') + "\"";
  auto call = entry(reply_format::json);
  call.notices = {"first", "second"};
  const auto whole = wire::result_replies(call, json, 1024 * 1024);
  REQUIRE(whole.size() == 1);
  CHECK(whole[0].payload == json);
  CHECK(whole[0].headers
        == bus::headers{{"Content-Type", "application/json"},
                        {"Pgtrickle-Notice", "first; second"}});
  const auto parts = wire::result_replies(call, json, 12'288);
  REQUIRE(parts.size() == 3);
  CHECK(parts[0].payload + parts[1].payload + parts[2].payload == json);
  CHECK(parts[2].headers.back()
        == std::pair<std::string, std::string>{"Pgtrickle-Part", "3/3"});
}

TEST_CASE("who waits for one message gets one") {
  CHECK_FALSE(wire::alive_reply(reply_format::json));
  CHECK_FALSE(wire::notice_reply(reply_format::json, "a"));
  CHECK(wire::alive_reply(reply_format::protobuf));
}
