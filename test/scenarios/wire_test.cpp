#include "proto/call.pb.h"
#include "services/bus/authentication.hpp"
#include "test/scenarios/installation.hpp"
#include "test/support/nats_client.hpp"

#include <doctest/doctest.h>

#include <random>

namespace pgtrickle::test {

namespace {

/// Somebody at the NATS server, with stream table `prize` in sight.
struct intruder {
  intruder() {
    must(s.db, "CREATE TABLE base (a int); INSERT INTO base VALUES (1)");
    must(s.db, "SELECT pgtrickle.create_stream_table('prize',"
               " 'SELECT a FROM base', '1h')");
    must(s.admin, "SET bytea_output = 'hex'");
  }

  scenario s;
  nats_client bus{s.all.nats.url()};
  nats_subscription inbox = bus.subscribe("_INBOX.intruder");
  std::string subject = "pgtrickle.v1."
                        + s.admin
                            .run("SELECT system_identifier || '.' || oid FROM"
                                 " pg_control_system(), pg_database"
                                 " WHERE datname = current_database()")
                            .value()
                        + ".call.";

  [[nodiscard]] std::int64_t now() {
    return std::stoll(
      s.admin
        .run("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
        .value());
  }

  /// What alice's own call would be, were it hers.
  [[nodiscard]] wire::Call drop_call() {
    wire::Call call;
    call.set_id(std::string(30, 'a') + std::to_string(10 + ++count));
    call.set_method("drop_stream_table");
    call.set_arguments(R"({"name": "prize"})");
    call.set_role("alice");
    call.set_search_path(s.schema);
    call.set_issued_at(now());
    call.set_deadline(now() + 60'000'000);
    return call;
  }

  [[nodiscard]] std::string secret() {
    const auto digits
      = s.admin.run("SELECT encode(secret, 'hex') FROM pgtrickle.pgt_secret")
          .value();
    std::string bytes;
    for (std::size_t i = 0; i < digits.size(); i += 2)
      bytes.push_back(
        static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
    return bytes;
  }

  [[nodiscard]] static std::string signed_with(const std::string& key,
                                               const wire::Call& call) {
    wire::SignedCall envelope;
    envelope.set_call(call.SerializeAsString());
    envelope.set_signature(bus::hmac_sha256(key, envelope.call()));
    return envelope.SerializeAsString();
  }

  void send(const std::string& bytes) {
    bus.publish(subject + "drop_stream_table", bytes, "_INBOX.intruder");
  }

  /// The SQLSTATE of the next answer that is an error.
  [[nodiscard]] std::string refusal() {
    while (const auto message = inbox.next(3s)) {
      wire::Reply reply;
      if (reply.ParseFromString(message->payload) && reply.has_error())
        return reply.error().sqlstate();
    }
    return "no answer";
  }

  int count = 0;
};

} // namespace

TEST_CASE("a forged call is refused and changes nothing") {
  intruder i;
  SUBCASE("signed with another key") {
    i.send(intruder::signed_with("guess", i.drop_call()));
  }
  SUBCASE("not signed") { i.send(intruder::signed_with("", i.drop_call())); }
  SUBCASE("altered after it was signed") {
    wire::SignedCall envelope;
    auto call = i.drop_call();
    envelope.ParseFromString(intruder::signed_with(i.secret(), call));
    call.set_role("postgres");
    envelope.set_call(call.SerializeAsString());
    i.send(envelope.SerializeAsString());
  }
  SUBCASE("for another method") {
    auto call = i.drop_call();
    call.set_method("ping");
    i.send(intruder::signed_with(i.secret(), call));
  }
  SUBCASE("too old") {
    auto call = i.drop_call();
    call.set_issued_at(i.now() - 3600'000'000LL);
    i.send(intruder::signed_with(i.secret(), call));
  }
  CHECK(i.refusal() == "28000");
  CHECK(holds(i.s.admin, "prize"));
  CHECK(i.s.all.daemon.log().find("rejected") != std::string::npos);
}

TEST_CASE("a call whose time is over is dropped, not carried out late") {
  intruder i;
  auto call = i.drop_call();
  call.set_deadline(i.now() - 1'000'000);
  i.send(intruder::signed_with(i.secret(), call));
  // What was sent later is answered, so the call was seen by then.
  must(i.s.db, "SELECT pgtrickle.refresh_stream_table('prize')");
  CHECK(holds(i.s.admin, "prize"));
}

TEST_CASE("a call that was overheard can't be made again") {
  intruder i;
  auto calls = i.bus.subscribe(i.subject + "drop_stream_table");
  must(i.s.db, "SELECT pgtrickle.drop_stream_table('prize')");
  const auto overheard = calls.next(3s);
  REQUIRE(overheard);
  must(i.s.db, "SELECT pgtrickle.create_stream_table('prize',"
               " 'SELECT a FROM base', '1h')");
  i.send(overheard->payload);
  CHECK(i.refusal() == "28000");
  CHECK(holds(i.s.admin, "prize"));

  // Nor by a daemon that has not seen it.
  i.s.all.daemon.kill();
  i.s.all.repair();
  i.send(overheard->payload);
  CHECK(i.refusal() == "57P03");
  CHECK(holds(i.s.admin, "prize"));
}

TEST_CASE("garbage on the subjects harms nobody") {
  intruder i;
  std::mt19937 random{4711};
  const auto real = intruder::signed_with("guess", i.drop_call());
  const auto logged = i.s.all.daemon.log().size();
  for (int round = 0; round < 20; ++round) {
    for (int n = 0; n < 500; ++n) {
      auto bytes = n % 2 == 0 ? real : std::string(random() % 300, '\0');
      for (auto& byte : bytes)
        if (n % 2 == 1 || random() % 20 == 0)
          byte = static_cast<char>(random());
      const auto* method = n % 3 == 0 ? "drop_stream_table" : "ping";
      i.bus.publish(i.subject + method, bytes,
                    n % 5 == 0 ? "_INBOX.intruder" : "");
    }
    i.bus.flush();
    CHECK(i.s.all.serves());
  }
  CHECK(i.s.all.daemon.running());
  CHECK(holds(i.s.admin, "prize"));
  CHECK(i.s.all.daemon.log().size() - logged < 20'000);
}

TEST_CASE("answers go to inboxes only") {
  intruder i;
  auto elsewhere = i.bus.subscribe("elsewhere");
  i.bus.publish(i.subject + "drop_stream_table",
                intruder::signed_with(i.secret(), i.drop_call()), "elsewhere");
  must(i.s.db, "SELECT pgtrickle.refresh_stream_table('prize')");
  CHECK(holds(i.s.admin, "prize"));
  CHECK_FALSE(elsewhere.next(0ms));
}

TEST_CASE("a result larger than a NATS message arrives whole") {
  scenario s;
  must(s.db, "CREATE TABLE base (a int)");
  const std::string query
    = "SELECT a, '" + std::string(700'000, 'x') + "'::text AS long FROM base";
  CHECK(std::stoi(s.db
                    .run("SELECT sum(length(result))"
                         " FROM pgtrickle.validate_query($q$"
                         + query + "$q$)")
                    .value())
        > 1'100'000);
  must(s.db,
       "SELECT pgtrickle.create_stream_table('wide', $q$" + query + "$q$)");
  CHECK(
    std::stoi(
      s.db.run("SELECT sum(length(value)) FROM pgtrickle.explain_st('wide')")
        .value())
    > 1'100'000);
}

TEST_CASE("without NATS refreshes go on, and calls work again afterwards") {
  scenario s;
  must(s.db, "CREATE TABLE base (a int); INSERT INTO base VALUES (1)");
  must(s.db, "SELECT pgtrickle.create_stream_table('reader',"
             " 'SELECT a FROM base', '1s')");
  s.all.nats.stop();
  CHECK(s.db.run("SELECT pgtrickle.ping()").sqlstate == "08001");
  must(s.db, "INSERT INTO base VALUES (2)");
  CHECK(comes_true(s.admin, "reader", 6s));
  s.all.nats.start();
  CHECK(eventually(10s, [&] { return s.all.serves(); }));
}

} // namespace pgtrickle::test
