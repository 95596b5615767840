#include "test/sql/environment.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace pgtrickle::test {

namespace {

environment& all() { return the_environment(); }

// Says that it works, and then nothing more.
void work_for_ever(const wire::Call&, const replier& reply) { reply.alive(); }

std::string cancelled_id(const std::optional<wire::Call>& cancel) {
  REQUIRE(cancel);
  return nlohmann::json::parse(cancel->arguments()).at("id");
}

} // namespace

TEST_CASE("a cancelled call answers at once and cancels the work") {
  all().daemon->answers(work_for_ever);
  auto db = all().connect();
  auto other = all().connect();
  db.send("SELECT pgtrickle.refresh_stream_table('a')");
  const auto call = all().daemon->take_call(5s);
  REQUIRE(call);
  outcome done;
  const auto milliseconds = duration_of([&] {
    other.run("SELECT pg_cancel_backend(" + std::to_string(db.pid()) + ")");
    done = db.result();
  });
  CHECK(done.sqlstate == "57014");
  CHECK(milliseconds < 200);
  CHECK(cancelled_id(all().daemon->take_cancel(1s)) == call->id());
  CHECK(db.run("SELECT 1").value() == "1");
}

TEST_CASE("a terminated caller cancels the work") {
  all().daemon->answers(work_for_ever);
  auto db = all().connect();
  auto other = all().connect();
  db.send("SELECT pgtrickle.refresh_stream_table('a')");
  const auto call = all().daemon->take_call(5s);
  REQUIRE(call);
  other.run("SELECT pg_terminate_backend(" + std::to_string(db.pid())
            + ", 5000)");
  CHECK(cancelled_id(all().daemon->take_cancel(1s)) == call->id());
  CHECK(db.result().sqlstate == "57P01");
  CHECK(other.run("SELECT 1").value() == "1");
}

TEST_CASE("statement_timeout ends a call and is its deadline") {
  all().daemon->answers(work_for_ever);
  auto db = all().connect();
  db.run("SET statement_timeout = '300ms'");
  outcome done;
  const auto milliseconds = duration_of(
    [&] { done = db.run("SELECT pgtrickle.refresh_stream_table('a')"); });
  CHECK(done.sqlstate == "57014");
  CHECK(milliseconds > 250);
  CHECK(milliseconds < 600);
  const auto call = all().daemon->take_call(0ms);
  REQUIRE(call);
  CHECK(call->deadline() - call->issued_at() <= 300'000);
  CHECK(cancelled_id(all().daemon->take_cancel(1s)) == call->id());
}

TEST_CASE("statement_timeout works as before after a call") {
  all().daemon->answers(
    [](const auto&, const auto& reply) { reply.result("null"); });
  auto db = all().connect();
  db.run("SELECT pgtrickle.ping()");
  db.run("SET statement_timeout = '100ms'");
  CHECK(db.run("SELECT pg_sleep(5)").sqlstate == "57014");
}

TEST_CASE("the library's threads take no signals") {
  all().daemon->answers(
    [](const auto&, const auto& reply) { reply.result("null"); });
  auto db = all().connect();
  db.run("SELECT pgtrickle.ping()");
  // Every signal but KILL, STOP and the two that glibc keeps for itself.
  const auto all_signals = 0xfffffffe7ffbfeffULL;
  const auto masks = db.run(
    "SELECT substring(pg_read_file('/proc/self/task/' || t || '/status')"
    " FROM 'SigBlk:\\s+(\\w+)') FROM pg_ls_dir('/proc/self/task') t"
    " WHERE t <> pg_backend_pid()::text");
  REQUIRE(masks.rows.size() > 0);
  for (const auto& mask : masks.rows)
    CHECK((std::stoull(mask.front(), nullptr, 16) & all_signals)
          == all_signals);
}

TEST_CASE("pg_trickle.call_timeout ends a call") {
  all().daemon->answers(work_for_ever);
  auto db = all().connect();
  db.run("SET pg_trickle.call_timeout = '200ms'");
  const auto done = db.run("SELECT pgtrickle.refresh_stream_table('a')");
  CHECK(done.sqlstate == "57014");
  CHECK(done.message
        == "canceling refresh_stream_table due to pg_trickle.call_timeout");
  const auto call = all().daemon->take_call(0ms);
  REQUIRE(call);
  CHECK(call->deadline() - call->issued_at() == 200'000);
  CHECK(all().daemon->take_cancel(1s));
}

TEST_CASE("a daemon that falls silent is given up after five seconds") {
  all().daemon->answers(work_for_ever);
  auto db = all().connect();
  outcome done;
  const auto milliseconds = duration_of(
    [&] { done = db.run("SELECT pgtrickle.refresh_stream_table('a')"); });
  CHECK(done.sqlstate == "08006");
  CHECK(done.message == "pgtrickled stopped answering");
  CHECK_FALSE(done.hint.empty());
  CHECK(milliseconds > 4900);
  CHECK(milliseconds < 6000);
}

TEST_CASE("without a daemon the call fails at once and says what to start") {
  all().daemon.reset();
  auto db = all().connect();
  outcome done;
  const auto milliseconds
    = duration_of([&] { done = db.run("SELECT pgtrickle.ping()"); });
  CHECK(done.sqlstate == "08001");
  CHECK(done.message == "no pgtrickled serves database \"postgres\"");
  CHECK(done.hint.find("pgtrickled") != std::string::npos);
  CHECK(milliseconds < 500);
  db.run("SET pg_trickle.enabled = off");
  CHECK(db.run("SELECT pgtrickle.ping()").hint
        == "Set pg_trickle.enabled to on for this database.");
  all().start_daemon();
}

TEST_CASE("without NATS the call fails and shows no password") {
  auto db = all().connect();
  const auto port = std::to_string(free_port());
  db.run("SET pg_trickle.nats_url = 'nats://joe:geheim@127.0.0.1:" + port
         + ",nats://127.0.0.1:" + port + "'");
  const auto done = db.run("SELECT pgtrickle.ping()");
  CHECK(done.sqlstate == "08001");
  CHECK(done.message.find("127.0.0.1:" + port) != std::string::npos);
  CHECK(done.message.find("geheim") == std::string::npos);
  CHECK(done.hint.find("nats-server") != std::string::npos);
}

TEST_CASE("losing NATS in the middle of a call ends it") {
  auto db = all().connect();
  private_nats other;
  auto admin = all().connect();
  db.run("SET pg_trickle.nats_url = '" + other.url() + "'");
  natsConnection* listener = nullptr;
  natsSubscription* subscription = nullptr;
  natsMsg* message = nullptr;
  REQUIRE(natsConnection_ConnectTo(&listener, other.url().c_str()) == NATS_OK);
  REQUIRE(natsConnection_SubscribeSync(&subscription, listener, "pgtrickle.>")
          == NATS_OK);
  REQUIRE(natsConnection_Flush(listener) == NATS_OK);
  db.send("SELECT pgtrickle.ping()");
  CHECK(natsSubscription_NextMsg(&message, subscription, 5000) == NATS_OK);
  other.stop();
  CHECK(db.result().sqlstate == "08006");
  natsMsg_Destroy(message);
  natsSubscription_Destroy(subscription);
  natsConnection_Destroy(listener);
}

} // namespace pgtrickle::test
