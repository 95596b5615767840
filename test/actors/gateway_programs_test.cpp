// Calls of programs.
#include "test/actors/gateway_fixture.hpp"

using namespace pgtrickle;
using namespace std::chrono_literals;
using fixture = pgtrickle::test::gateway_fixture;

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
