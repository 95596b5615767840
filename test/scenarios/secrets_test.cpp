// What the daemon must not tell, and whom it must not trust.

#include "test/scenarios/installation.hpp"
#include "test/support/certificates.hpp"
#include "test/support/ctl_process.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace pgtrickle::test {

TEST_CASE("no password is in what the daemon logs, shows and tells") {
  auto& all = the_installation();
  all.repair();
  const std::string password = "gehe1m";
  const auto page = fmt::format("127.0.0.1:{}", free_port());
  private_daemon daemon{all.postgres.conninfo() + " password=" + password,
                        "nats://joe:" + password + "@"
                          + all.nats.url().substr(7),
                        "discreet",
                        {"--http=" + page, "--log-level=trace"}};
  daemon.start();
  auto admin = all.connect();
  REQUIRE(eventually(20s, [&] {
    return run_shell("curl -sf http://" + page + "/metrics").status == 0
           && admin
                  .run("SELECT count(*) FROM pgtrickle.cluster_nodes()"
                       " WHERE node = 'discreet'")
                  .value()
                == "1";
  }));
  // It says at its start what it connects to.
  CHECK(daemon.log().find("joe:***@") != std::string::npos);
  CHECK(daemon.log().find(password) == std::string::npos);
  for (const std::string path :
       {"/metrics", "/metrics/cluster", "/", "/api/v1/status"}) {
    CAPTURE(path);
    const auto told = run_shell("curl -sf http://" + page + path);
    CHECK(told.status == 0);
    CHECK(!told.says(password));
  }
  const auto shown = admin.run(
    "SELECT string_agg(to_jsonb(n)::text, ' ') FROM pgtrickle.cluster_nodes() "
    "n");
  CHECK(shown.value().find("discreet") != std::string::npos);
  CHECK(shown.value().find(password) == std::string::npos);
  // Not that of who looks here for it.
  const auto sessions = admin.run(
    "SELECT string_agg(application_name || query, ' ') FROM pg_stat_activity");
  CHECK(sessions.value().find(password) == std::string::npos);
  CHECK(daemon.stop() == 0);
  CHECK(daemon.log().find(password) == std::string::npos);
}

TEST_CASE("a daemon that can't log in shows no password") {
  auto& all = the_installation();
  private_daemon daemon{
    fmt::format("host=127.0.0.1 port={} user=nobody password=gehe1m",
                all.postgres.port()),
    all.nats.url(), "shut-out"};
  daemon.start();
  CHECK(eventually(10s, [&] {
    return daemon.log().find("cannot be looked at") != std::string::npos;
  }));
  CHECK(daemon.log().find("gehe1m") == std::string::npos);
  daemon.stop();
}

namespace {

/// A daemon that takes a PostgreSQL only if one of `authorities` vouches for
/// its name. It has no certificate of its own, and looks into no home for one.
struct wary_daemon {
  wary_daemon(const private_postgres& server, const std::string& authorities)
    : daemon{fmt::format("host=127.0.0.1 port={} user=postgres dbname=postgres"
                         " sslmode=verify-full sslrootcert={} sslcert=none",
                         server.port(), authorities),
             nats.url(), "wary"} {
    daemon.start();
  }

  void complains(const std::string& why) const {
    const bool told = eventually(
      10s, [&] { return daemon.log().find(why) != std::string::npos; });
    CHECK_MESSAGE(told, daemon.log());
  }

  private_nats nats;
  private_daemon daemon;
};

} // namespace

TEST_CASE("the daemon refuses a PostgreSQL that it can't trust, and says why") {
  const private_directory dir;
  make_certificate(dir.path(), "good", "IP:127.0.0.1");
  make_certificate(dir.path(), "elsewhere", "IP:10.0.0.1");
  make_certificate(dir.path(), "expired", "IP:127.0.0.1", -1);
  const auto authorities = [&](const std::string& name) {
    return (dir.path() / (name + "-ca.pem")).string();
  };
  const auto server_with = [&](const std::string& name) {
    return fmt::format("ssl = on\nssl_cert_file = '{0}.pem'\n"
                       "ssl_key_file = '{0}.key'\n",
                       (dir.path() / name).string());
  };
  const private_postgres plain;
  wary_daemon(plain, authorities("good"))
    .complains("server does not support SSL");
  const private_postgres elsewhere{server_with("elsewhere")};
  wary_daemon(elsewhere, authorities("elsewhere"))
    .complains("does not match host name");
  const private_postgres expired{server_with("expired")};
  wary_daemon(expired, authorities("expired"))
    .complains("certificate verify failed");
  const private_postgres good{server_with("good")};
  wary_daemon(good, authorities("elsewhere"))
    .complains("certificate verify failed");

  const wary_daemon trusting{good, authorities("good")};
  session admin{good.conninfo()};
  CHECK(eventually(10s, [&] {
    return admin
             .run("SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING"
                  " (pid) WHERE application_name LIKE 'pgtrickle node@wary%'")
             .value()
           == "t";
  }));
}

} // namespace pgtrickle::test
