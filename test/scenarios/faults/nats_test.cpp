#include "test/scenarios/faults/follower.hpp"
#include "test/support/kept_alerts.hpp"
#include "test/support/nats_client.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <csignal>
#include <random>
#include <unistd.h>

namespace pgtrickle::test {

namespace {

/// The first line of what is answered to a GET of `page`.
std::string get(std::uint16_t port, const std::string& page) {
  const auto fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto request = "GET " + page + " HTTP/1.0\r\n\r\n";
  std::string line;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0
      && send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
    char next = 0;
    while (recv(fd, &next, 1, 0) == 1 && next != '\r')
      line += next;
  }
  close(fd);
  return line;
}

std::string payload_of(int number, std::mt19937& random) {
  std::string bytes;
  switch (number % 5) {
    case 0:
      bytes.assign(random() % 300, '\0');
      for (auto& byte : bytes)
        byte = static_cast<char>(random());
      return bytes;
    case 1:
      return std::string(20'000, '[');
    case 2:
      return "{\"name\": \"\xff\xfe\xc0\x80\", \"a\": \"\\ud800\"}";
    case 3:
      // A group of protobuf, opened again and again.
      return std::string(5'000, '\x0b');
    default:
      return "\x0a\xff\xff\xff\xff\x0f" + std::string(random() % 50, 'x');
  }
}

} // namespace

TEST_CASE("alerts of the time without NATS arrive once and in order "
          "afterwards") {
  scenario s;
  const auto port = free_port();
  private_daemon second{s.all.postgres.conninfo(),
                        s.all.nats.url(),
                        "second",
                        {"--http=127.0.0.1:" + std::to_string(port)}};
  second.start();
  const auto is_ready
    = [&] { return get(port, "/-/ready").find(" 200") != std::string::npos; };
  CHECK(eventually(20s, is_ready));
  must(s.admin, "ALTER DATABASE app SET pg_trickle.max_consecutive_errors = 2");
  s.all.daemon.signal(SIGHUP);
  must(s.db, "CREATE TABLE base (a int); INSERT INTO base VALUES (1)");
  for (int i = 0; i < 4; ++i)
    must(s.db, "SELECT pgtrickle.create_stream_table('inverse"
                 + std::to_string(i) + "', 'SELECT 1 / a AS x FROM base WHERE "
                 + std::to_string(i) + " < 9', '1s')");
  create_copy(s, "other");
  const auto count = [&](const std::string& condition) {
    return std::stol(
      s.admin
        .run("SELECT count(*) FROM pgtrickle.pgt_alerts WHERE " + condition)
        .value());
  };
  CHECK(eventually(10s, [&] { return count("published_at IS NULL") == 0; }));
  const auto kept = kept_alerts(s.all.nats.url()).size();
  const std::string since
    = s.admin.run("SELECT coalesce(max(alert_id), 0) FROM pgtrickle.pgt_alerts")
        .value();
  s.all.nats.stop();
  must(s.db, "INSERT INTO base VALUES (0)");
  CHECK(eventually(20s, [&] {
    return count("event = 'stream_table_suspended' AND alert_id > " + since)
           == 4;
  }));
  CHECK(copy_follows(s, "other", 5s));
  CHECK(is_ready());
  CHECK(throughout(wants_long_ones() ? 60s : 1s, [&] {
    return count("published_at IS NOT NULL AND alert_id > " + since) == 0;
  }));
  s.all.nats.start();
  CHECK(eventually(20s, [&] { return count("published_at IS NULL") == 0; }));
  CHECK(kept_alerts(s.all.nats.url()).size() - kept
        == static_cast<std::size_t>(count("alert_id > " + since)));
  CHECK(count("alert_id > " + since
              + " AND EXISTS (SELECT FROM pgtrickle.pgt_alerts b WHERE "
                "b.pgt_id = pgt_alerts.pgt_id AND b.alert_id < "
                "pgt_alerts.alert_id AND b.published_at > "
                "pgt_alerts.published_at)")
        == 0);
  CHECK(eventually(10s, [&] { return s.all.serves(); }));
  must(s.admin, "ALTER DATABASE app RESET pg_trickle.max_consecutive_errors");
  s.all.daemon.signal(SIGHUP);
}

TEST_CASE("messages of all kinds of wrongness cost neither memory nor log, and "
          "calls go on") {
  scenario s;
  create_copy(s, "base");
  const auto subject
    = "pgtrickle.v1."
      + s.admin
          .run("SELECT system_identifier || '.' || oid FROM "
               "pg_control_system(), pg_database WHERE datname = "
               "current_database()")
          .value();
  nats_client bus{s.all.nats.url()};
  std::mt19937 random{4711};
  const int rounds = wants_long_ones() ? 100 : 10;
  const auto logged = s.all.daemon.log().size();
  long settled = 0;
  for (int round = 0; round < rounds; ++round) {
    for (int n = 0; n < 1000; ++n)
      bus.publish(subject
                    + (n % 7 == 0 ? ".call." + std::string(n % 90 + 1, 'm')
                                  : ".call.refresh_stream_table"),
                  payload_of(n, random), n % 3 == 0 ? "_INBOX.x" : "");
    bus.flush();
    CHECK(s.all.serves());
    if (round == rounds / 5)
      settled = s.all.daemon.resident_kb();
  }
  CHECK(copy_follows(s, "base", 5s));
  CHECK(s.all.daemon.resident_kb() < settled + settled / 10 + 4096);
  CHECK(s.all.daemon.log().size() - logged < 20'000);
}

TEST_CASE("a call too large for NATS is refused with a reason, and the "
          "connection lives") {
  scenario s;
  create_copy(s, "base");
  for (const int size : {900'000, 1'040'000, 1'300'000}) {
    CAPTURE(size);
    const auto done = s.db.run(
      "SELECT pgtrickle.create_stream_table('wide', 'SELECT a FROM "
      "base WHERE a <> 1"
      + std::string(static_cast<std::size_t>(size), ' ') + "', '1h')");
    if (!done.sqlstate.empty()) {
      CHECK_MESSAGE(done.sqlstate == "54000", done.sqlstate << done.message);
      CHECK_FALSE(done.hint.empty());
    } else {
      must(s.db, "SELECT pgtrickle.drop_stream_table('wide')");
    }
    CHECK(s.all.serves());
  }
  CHECK(copy_follows(s, "base", 5s));
}

} // namespace pgtrickle::test
