#include "test/scenarios/secured_nats.hpp"

#include "test/support/certificates.hpp"
#include "test/support/eventually.hpp"
#include "test/support/private_daemon.hpp"
#include "test/support/private_nats.hpp"
#include "test/support/private_postgres.hpp"
#include "test/support/session.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

namespace {

/// Certificates: for this host, for another, and one that is over.
struct certificate_folder {
  certificate_folder() {
    make_certificate(dir.path(), "good", "IP:127.0.0.1");
    make_certificate(dir.path(), "elsewhere", "DNS:nats.example.org");
    make_certificate(dir.path(), "expired", "IP:127.0.0.1", -1);
  }

  [[nodiscard]] std::string authorities(const std::string& name) const {
    return dir.path() / (name + "-ca.pem");
  }

  private_directory dir;
};

const certificate_folder& certificates() {
  static const certificate_folder only;
  return only;
}

/// A database whose extension calls over `url`.
struct secured_database {
  explicit secured_database(const std::string& url,
                            const std::string& authorities) {
    reach(url, authorities);
    auto db = connect();
    REQUIRE(db.run("CREATE EXTENSION pg_trickle").sqlstate.empty());
  }

  void reach(const std::string& url, const std::string& authorities) {
    auto db = connect();
    const auto set = [&](const std::string& setting, const std::string& value) {
      REQUIRE(db.run("ALTER DATABASE postgres SET pg_trickle." + setting + " = "
                     + db.literal(value))
                .sqlstate.empty());
    };
    set("nats_url", url);
    set("nats_ca_file", authorities);
  }

  [[nodiscard]] session connect() const { return session{postgres.conninfo()}; }

  [[nodiscard]] outcome ping() const {
    return connect().run("SELECT pgtrickle.ping()");
  }

  private_postgres postgres;
};

const std::string call = "pgtrickle.v1.1.2.call.ping";
const std::string alert = "pgtrickle.v1.1.2.alert.refresh_failed";
const std::string create_stream = "$JS.API.STREAM.CREATE.PGTRICKLE_ALERTS";
const std::string delete_stream = "$JS.API.STREAM.DELETE.PGTRICKLE_ALERTS";

} // namespace

TEST_CASE("each user of the NATS server may do what it needs, and no more") {
  const secured_nats nats{certificates().dir.path(), "good"};
  CHECK(nats.may_publish("daemon", alert));
  CHECK(nats.may_publish("daemon", "_INBOX.program.x"));
  CHECK(nats.may_publish("daemon", create_stream));
  CHECK_FALSE(nats.may_publish("daemon", delete_stream));
  CHECK(nats.may_subscribe("daemon", "pgtrickle.v1.1.2.call.*"));
  CHECK(nats.may_subscribe("daemon", "$SRV.PING"));
  CHECK_FALSE(nats.may_subscribe("daemon", "_INBOX.program.>"));
  CHECK_FALSE(nats.may_subscribe("daemon", ">"));
  for (const std::string user : {"extension", "program"}) {
    CAPTURE(user);
    CHECK(nats.may_publish(user, call));
    CHECK(nats.may_publish(user, "pgtrickle.v1.1.2.cancel"));
    CHECK_FALSE(nats.may_publish(user, alert));
    CHECK_FALSE(nats.may_publish(user, "_INBOX.daemon.x"));
    CHECK_FALSE(nats.may_publish(user, "pgtrickle.v1.1.node.a.heartbeat"));
    CHECK_FALSE(nats.may_publish(user, create_stream));
    CHECK_FALSE(nats.may_subscribe(user, call));
    CHECK_FALSE(nats.may_subscribe(user, "pgtrickle.v1.>"));
    CHECK_FALSE(nats.may_subscribe(user, "_INBOX.>"));
    CHECK_FALSE(nats.may_subscribe(user, "_INBOX.monitor.x"));
  }
  CHECK(nats.may_subscribe("extension", "_INBOX.pgtrickle.x"));
  CHECK_FALSE(nats.may_subscribe("extension", "_INBOX.program.x"));
  CHECK_FALSE(nats.may_publish("extension", "$SRV.PING"));
  CHECK(nats.may_publish("program", "$SRV.PING"));
  CHECK(nats.may_subscribe("program", "_INBOX.program.x"));
  CHECK(nats.may_subscribe("monitor", "pgtrickle.v1.*.*.alert.>"));
  CHECK(nats.may_publish("monitor", "$SRV.STATS"));
  CHECK(nats.may_publish("monitor", "$JS.API.STREAM.INFO.PGTRICKLE_ALERTS"));
  CHECK_FALSE(nats.may_publish("monitor", call));
  CHECK_FALSE(nats.may_publish("monitor", alert));
  CHECK_FALSE(nats.may_publish("monitor", delete_stream));
  CHECK_FALSE(nats.may_subscribe("monitor", "pgtrickle.v1.*.*.call.*"));
}

TEST_CASE("the daemon, the extension and programs work over a secured NATS") {
  const secured_nats nats{certificates().dir.path(), "good"};
  const secured_database database{nats.url("extension"), nats.authorities()};
  private_daemon daemon{database.postgres.conninfo(),
                        nats.url("daemon"),
                        "secured",
                        {"--nats-ca=" + nats.authorities()}};
  daemon.start();
  const auto served
    = eventually(20s, [&] { return database.ping().sqlstate.empty(); });
  CAPTURE(daemon.log());
  REQUIRE(served);
  auto db = database.connect();
  const auto prefix = "pgtrickle.v1."
                      + db.run("SELECT system_identifier || '.' || oid FROM"
                               " pg_control_system(), pg_database"
                               " WHERE datname = current_database()")
                          .value();
  auto program = nats.client("program");
  const auto answer = program.request(
    prefix + ".call.ping", "",
    {{"Pgtrickle-Token",
      db.run("SELECT pgtrickle.issue_token('postgres')").value()}});
  REQUIRE(answer);
  CHECK(answer->payload.find("secured") != std::string::npos);
  REQUIRE(program.request("$SRV.PING.pgtrickle"));
  auto monitor = nats.client("monitor");
  auto alerts = monitor.subscribe("pgtrickle.v1.*.*.alert.>");
  db.run("INSERT INTO pgtrickle.pgt_alerts (event, payload)"
         " VALUES ('secured', '{}'); NOTIFY pg_trickle_alert");
  CHECK(alerts.next(10s));
  CHECK(eventually(10s, [&] {
    const auto told
      = db.run("SELECT count(*) FROM pgtrickle.pgt_alerts").value();
    const auto stream
      = monitor.request("$JS.API.STREAM.INFO.PGTRICKLE_ALERTS", "");
    return stream
           && stream->payload.find("\"messages\":" + told + ",")
                != std::string::npos;
  }));
}

TEST_CASE("the extension refuses a NATS server that it can't trust, and says "
          "why") {
  const secured_nats good{certificates().dir.path(), "good"};
  secured_database database{good.url("extension"), good.authorities()};
  const auto complaint
    = [&](const std::string& url, const std::string& authorities) {
        database.reach(url, authorities);
        const auto refused = database.ping();
        CHECK(refused.sqlstate == "08001");
        CHECK(refused.message.find("secret") == std::string::npos);
        CHECK(refused.detail.find("secret") == std::string::npos);
        return refused.message + ": " + refused.detail;
      };
  // Trusted, and nobody there.
  CHECK(database.ping().message.find("no pgtrickled serves")
        != std::string::npos);
  const auto is_about = [](const std::string& complaint, const char* what) {
    CAPTURE(complaint);
    CHECK(complaint.find(what) != std::string::npos);
  };
  const auto url = good.url("extension");
  is_about(complaint(url, certificates().authorities("elsewhere")),
           "unable to get local issuer certificate");
  is_about(complaint("tls://extension:wrong@" + url.substr(url.find('@') + 1),
                     good.authorities()),
           "Authorization");
  const secured_nats elsewhere{certificates().dir.path(), "elsewhere"};
  is_about(complaint(elsewhere.url("extension"), elsewhere.authorities()),
           "IP address mismatch");
  const secured_nats expired{certificates().dir.path(), "expired"};
  is_about(complaint(expired.url("extension"), expired.authorities()),
           "certificate has expired");
  const private_nats plain;
  is_about(complaint(plain.url(), good.authorities()),
           "Secure Connection not available");
  is_about(complaint("tls" + plain.url().substr(plain.url().find(':')), ""),
           "Secure Connection not available");
}

TEST_CASE("the daemon refuses a NATS server that it can't trust") {
  const secured_nats nats{certificates().dir.path(), "good"};
  const private_nats plain;
  const auto log_of = [](const std::string& url,
                         const std::string& authorities) {
    private_daemon daemon{
      "host=/nowhere", url, "wary", {"--nats-ca=" + authorities}};
    daemon.start();
    CHECK(eventually(10s, [&] {
      return daemon.log().find("NATS can't be reached") != std::string::npos;
    }));
    daemon.kill();
    const auto log = daemon.log();
    CHECK(log.find("NATS is connected") == std::string::npos);
    return log.substr(log.find("NATS can't be reached"));
  };
  CHECK(log_of(nats.url("daemon"), certificates().authorities("elsewhere"))
          .find("unable to get local issuer certificate")
        != std::string::npos);
  CHECK(log_of(plain.url(), nats.authorities())
          .find("Secure Connection not available")
        != std::string::npos);
}

} // namespace pgtrickle::test
