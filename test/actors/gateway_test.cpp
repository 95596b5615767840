#include "actors/gateway.hpp"

#include "proto/call.pb.h"
#include "test/support/actor_fixture.hpp"

#include <doctest/doctest.h>

#include <deque>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

const bus::database_address address{"7300", 5};
const bus::database_time start{std::chrono::hours{1000}};

struct fixture : test::actor_fixture {
  using promise = caf::typed_response_promise<call_outcome>;
  using supervisor_double
    = supervisor_actor::extend<caf::reacts_to<test::inside>>;

  fixture() {
    supervisor = spawn([this](supervisor_double::pointer self)
                         -> supervisor_double::behavior_type {
      return {
        [this, self](const call& asked) -> caf::result<call_outcome> {
          calls.push_back(asked);
          answers.push_back(self->make_response_promise<call_outcome>());
          return answers.back();
        },
        [this](const call_cancelled& call) {
          cancelled.push_back(call.call_id);
        },
        [](const database_opened&) {},
        [](database_closed) {},
        [](const stream_tables_listed&) {},
        [](const sources_touched&) {},
        [](pending_calls_waiting) {},
        [](alerts_waiting) {},
        [](const worker_load&) {},
        [](restart_due) {},
        [](reload_requested) {},
        [](const test::inside& what) { what.act(); },
      };
    });
    doorman = spawn(
      [this](doorman_actor::pointer self) -> doorman_actor::behavior_type {
        return {
          [this,
           self](const admission_request& request) -> caf::result<admission> {
            admissions.push_back(request.claim);
            return admission{bearer};
          },
          [](pulse) {},
        };
      });
    aut = spawn(gateway, context_ptr{context_},
                doorman_factory{[this](caf::actor_system&, const std::string&) {
                  return doorman;
                }});
    caf::anon_send(aut,
                   database_attached{address, "secret",
                                     database_clock{start, now()}, supervisor});
    settle();
  }

  void arrive(const std::string& id, const std::string& method,
              const std::string& secret = "secret",
              const std::string& arguments = "{}",
              const std::string& reply_to = "_INBOX.x") {
    wire::Call call;
    call.set_id(id);
    call.set_method(method);
    call.set_arguments(arguments);
    const auto at
      = start
        + std::chrono::duration_cast<std::chrono::microseconds>(now() - began);
    call.set_issued_at(at.time_since_epoch().count());
    call.set_deadline((at + 10s).time_since_epoch().count());
    wire::SignedCall envelope;
    envelope.set_call(call.SerializeAsString());
    envelope.set_signature(bus::hmac_sha256(secret, envelope.call()));
    const auto subject = method == "cancel"
                           ? bus::cancel_subject(address)
                           : "pgtrickle.v1.7300.5.call." + method;
    caf::anon_send(
      aut, bus::message{subject, reply_to, envelope.SerializeAsString()});
    settle();
  }

  /// A call of a program.
  void ask(const std::string& method, const std::string& payload,
           bus::headers headers = {}, const std::string& reply_to = "_INBOX.x",
           const std::string& secret = "secret") {
    const auto text
      = bus::base64url(R"({"alg":"HS256","typ":"JWT"})") + "."
        + bus::base64url(R"({"aud":"7300.5","role":16400,"issuer":10,)"
                         R"("jti":"t","iat":3599990,"exp":3600500})");
    headers.emplace_back("Pgtrickle-Token", text + "."
                                              + bus::base64url(bus::hmac_sha256(
                                                bus::token_key(secret), text)));
    const auto subject = method == "cancel"
                           ? bus::cancel_subject(address)
                           : "pgtrickle.v1.7300.5.call." + method;
    caf::anon_send(aut, bus::message{subject, reply_to, payload, headers});
    settle();
  }

  std::string header(std::size_t index, const std::string& name) {
    for (const auto& [key, value] : bus_->headers[index])
      if (key == name)
        return value;
    return "";
  }

  void answer(const std::string& json) {
    const auto keep
      = [this, json] { answers.front().deliver(call_outcome{json}); };
    caf::anon_send(supervisor, test::inside{keep});
    settle();
  }

  wire::Reply reply(std::size_t index) {
    wire::Reply parsed;
    REQUIRE(index < bus_->published.size());
    REQUIRE(parsed.ParseFromString(bus_->published[index].second));
    return parsed;
  }

  std::chrono::steady_clock::time_point began = now();
  supervisor_double supervisor;
  gateway_actor aut;
  std::vector<call> calls;
  std::deque<promise> answers;
  std::vector<std::string> cancelled;
  doorman_actor doorman;
  result<caller> bearer = caller{"alice", "shop"};
  std::vector<observation::bearer_claim> admissions;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a call hears that the daemon lives, each second, "
                           "and then its result") {
  arrive("a", "explain_st");
  REQUIRE(calls.size() == 1);
  CHECK(reply(0).alive());
  for (int i = 0; i < 12; ++i)
    advance(200ms);
  CHECK(bus_->published.size() == 3);
  answer("[1]");
  REQUIRE(bus_->published.size() == 4);
  CHECK(reply(3).result().json() == "[1]");
  advance(5s);
  CHECK(bus_->published.size() == 4);
}

TEST_CASE_FIXTURE(fixture, "a forged or repeated call is refused and not "
                           "carried out") {
  arrive("a", "ping", "wrong");
  CHECK(reply(0).error().sqlstate() == "28000");
  arrive("b", "ping");
  arrive("b", "ping");
  CHECK(calls.size() == 1);
  CHECK(reply(2).error().sqlstate() == "28000");
}

TEST_CASE_FIXTURE(fixture, "garbage is dropped without a word") {
  caf::anon_send(
    aut, bus::message{"pgtrickle.v1.7300.5.call.ping", "_INBOX.x", "\xff\xfe"});
  caf::anon_send(aut,
                 bus::message{"pgtrickle.v1.7300.6.call.ping", "_INBOX.x", ""});
  arrive("a", "ping", "wrong", "{}", "$SYS.REQ");
  arrive("b", "ping", "secret", "{}", "pgtrickle.v1.7300.5.call.ping");
  CHECK(bus_->published.empty());
  CHECK(calls.empty());
}

TEST_CASE_FIXTURE(fixture, "a call whose time is up fails, and its work is "
                           "cancelled") {
  arrive("a", "explain_st");
  advance(10s);
  CHECK(reply(bus_->published.size() - 1).error().sqlstate() == "57014");
  CHECK(cancelled == std::vector<std::string>{"a"});
  CHECK(calls[0].ticket.is_cancelled());
  const auto published = bus_->published.size();
  answer("[]");
  CHECK(bus_->published.size() == published);
}

TEST_CASE_FIXTURE(fixture, "a caller that gives up has its work cancelled") {
  arrive("a", "explain_st");
  arrive("c", "cancel", "secret", R"({"id": "a"})", "");
  CHECK(calls[0].ticket.is_cancelled());
  CHECK(cancelled == std::vector<std::string>{"a"});
  arrive("d", "cancel", "secret", R"({"id": 5})", "");
  arrive("e", "cancel", "wrong", R"({"id": "a"})", "");
  CHECK(cancelled.size() == 1);
}

TEST_CASE_FIXTURE(fixture, "a call that is refused while it is worked on is "
                           "answered at once") {
  arrive("a", "explain_st");
  caf::anon_send(aut, call_refused{"a", {errc::caller_holds_lock, "locked"}});
  settle();
  CHECK(reply(1).error().sqlstate() == "55P03");
  CHECK(calls[0].ticket.is_cancelled());
}

TEST_CASE_FIXTURE(fixture, "too many calls at a time are refused with a hint") {
  for (std::size_t i = 0; i <= call_ledger::max_calls; ++i)
    arrive(std::to_string(i), "explain_st");
  CHECK(calls.size() == call_ledger::max_calls);
  const auto last = reply(bus_->published.size() - 1);
  CHECK(last.error().sqlstate() == "53000");
  CHECK_FALSE(last.error().hint().empty());
}

TEST_CASE_FIXTURE(fixture, "a database that goes takes its calls with it") {
  CHECK(bus_->handlers.size() == 2);
  arrive("a", "explain_st");
  caf::anon_send(aut, database_detached{5});
  settle();
  CHECK(bus_->handlers.empty());
  CHECK(reply(1).error().sqlstate() == "08006");
}

TEST_CASE_FIXTURE(fixture, "a notice reaches the caller before the result") {
  arrive("a", "explain_st");
  caf::anon_send(aut, call_notice{"a", "already exists"});
  settle();
  CHECK(reply(1).notice() == "already exists");
}

TEST_CASE_FIXTURE(fixture, "a program's call is made as the role that its "
                           "token stands for, and answered once") {
  ask("explain_st", R"({"name": "a"})");
  REQUIRE(admissions.size() == 1);
  CHECK(admissions[0].role == 16400);
  CHECK(admissions[0].method == "explain_st");
  REQUIRE(calls.size() == 1);
  CHECK(calls[0].by.role == "alice");
  CHECK(calls[0].by.search_path == "shop");
  advance(3s);
  CHECK(bus_->published.empty());
  caf::anon_send(aut, call_notice{calls[0].ticket.id, "mind"});
  settle();
  answer("[1]");
  REQUIRE(bus_->published.size() == 1);
  CHECK(bus_->published[0]
        == std::pair<std::string, std::string>{"_INBOX.x", "[1]"});
  CHECK(header(0, "Pgtrickle-Notice") == "mind");
}

TEST_CASE_FIXTURE(fixture, "a program whose token is forged or whose role is "
                           "not let in makes no call") {
  ask("explain_st", R"({"name": "a"})", {}, "_INBOX.x", "guess");
  CHECK(admissions.empty());
  CHECK(header(0, "Nats-Service-Error-Code") == "401");
  bearer = fail(errc::permission_denied, "no");
  ask("explain_st", R"({"name": "a"})");
  CHECK(header(1, "Nats-Service-Error-Code") == "403");
  CHECK(header(1, "Nats-Service-Error") == "no");
  CHECK(calls.empty());
}

TEST_CASE_FIXTURE(fixture, "a program's call to nowhere is not carried out") {
  ask("explain_st", R"({"name": "a"})", {}, "");
  ask("explain_st", R"({"name": "a"})", {}, "pgtrickle.v1.7300.5.call.ping");
  CHECK(bus_->published.empty());
  CHECK(admissions.empty());
}

TEST_CASE_FIXTURE(fixture, "a program takes its call back, but no other's") {
  ask("explain_st", R"({"name": "a"})", {{"Pgtrickle-Request-Id", "7"}});
  ask("cancel", "", {{"Pgtrickle-Request-Id", "8"}}, "");
  ask("cancel", "", {{"Pgtrickle-Request-Id", "7"}}, "", "guess");
  ask("cancel", "", {}, "");
  CHECK(cancelled.empty());
  ask("cancel", "", {{"Pgtrickle-Request-Id", "7"}}, "");
  CHECK(cancelled == std::vector<std::string>{"t/7"});
  CHECK(calls[0].ticket.is_cancelled());
}

TEST_CASE_FIXTURE(fixture, "a program that hears of the end of its time "
                           "hears it in a header") {
  ask("explain_st", R"({"name": "a"})", {{"Pgtrickle-Timeout", "2"}});
  advance(3s);
  REQUIRE(bus_->published.size() == 1);
  CHECK(header(0, "Nats-Service-Error-Code") == "504");
}

TEST_CASE_FIXTURE(fixture, "calls are counted for who asks for the service's "
                           "statistics") {
  arrive("a", "ping");
  advance(1s);
  answer("1");
  ask("nothing", "");
  const auto endpoints = context_->served->endpoints();
  REQUIRE(endpoints.size() == 1);
  CHECK(endpoints[0].requests == 2);
  CHECK(endpoints[0].errors == 1);
  CHECK(endpoints[0].last_error == "\"nothing\" is not a call to pgtrickled");
  CHECK(endpoints[0].processing_time == 1s);
}
