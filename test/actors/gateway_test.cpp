#include "test/actors/gateway_fixture.hpp"

using namespace pgtrickle;
using namespace std::chrono_literals;
using fixture = pgtrickle::test::gateway_fixture;

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

TEST_CASE_FIXTURE(fixture, "a call that comes after its database has gone may "
                           "be repeated elsewhere") {
  caf::anon_send(aut, database_detached{5});
  arrive("a", "ping");
  REQUIRE(bus_->published.size() == 1);
  CHECK(reply(0).error().sqlstate() == "57P03");
  CHECK(reply(0).error().not_begun());
  CHECK(calls.empty());
  arrive("b", "ping", "secret", "{}", "$SYS.REQ");
  CHECK(bus_->published.size() == 1);
}

TEST_CASE_FIXTURE(fixture, "a notice reaches the caller before the result") {
  arrive("a", "explain_st");
  caf::anon_send(aut, call_notice{"a", "already exists"});
  settle();
  CHECK(reply(1).notice() == "already exists");
}
