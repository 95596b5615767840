#pragma once

#include "actors/gateway.hpp"
#include "proto/call.pb.h"
#include "test/support/actor_fixture.hpp"

#include <doctest/doctest.h>

#include <deque>

namespace pgtrickle::test {

using namespace std::chrono_literals;

inline const bus::database_address address{"7300", 5};
inline const bus::database_time start{std::chrono::hours{1000}};

/// A gateway between a bus, a supervisor and a doorman that the test plays.
struct gateway_fixture : actor_fixture {
  using promise = caf::typed_response_promise<call_outcome>;
  using supervisor_double
    = supervisor_actor::extend<caf::reacts_to<test::inside>>;

  gateway_fixture() {
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
        [](const database_figures&) {},
        [](restart_due) {},
        [](server_returned) {},
        [](hand_over_due) {},
        [](hand_over_overdue) {},
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

} // namespace pgtrickle::test
