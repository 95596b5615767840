#include "test/support/nats_cluster.hpp"

#include "test/support/eventually.hpp"
#include "test/support/kept_alerts.hpp"
#include "test/support/nats_client.hpp"
#include "test/support/private_daemon.hpp"
#include "test/support/private_postgres.hpp"
#include "test/support/session.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <set>
#include <stdexcept>

namespace pgtrickle::test {

namespace {

/// Who leads the stream of alerts; empty: nobody.
std::string leader(const std::string& url) {
  nats_client bus{url};
  auto inbox = bus.subscribe("_INBOX.reader");
  bus.publish("$JS.API.STREAM.INFO.PGTRICKLE_ALERTS", "", "_INBOX.reader");
  const auto answer = inbox.next(5s);
  if (!answer)
    return {};
  const auto cluster = nlohmann::json::parse(answer->payload)
                         .value("cluster", nlohmann::json::object());
  return cluster.value("leader", "");
}

/// The ids of all alerts that are kept; nothing while the servers elect.
std::optional<std::vector<std::string>> alerts_at(const std::string& url) {
  try {
    return kept_alerts(url);
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
}

} // namespace

TEST_CASE("a NATS cluster that loses its leader loses no alert, and calls go "
          "on") {
  nats_cluster nats;
  private_postgres postgres;
  private_daemon daemon{postgres.conninfo(), nats.urls(), "clustered"};
  session db(postgres.conninfo());
  must(db, "CREATE EXTENSION pg_trickle");
  must(db, "ALTER DATABASE postgres SET pg_trickle.nats_url = '" + nats.urls()
             + "'");
  daemon.start();
  const auto is_served = [&] {
    return session(postgres.conninfo())
      .run("SELECT pgtrickle.ping()")
      .sqlstate.empty();
  };
  const auto tell = [&] {
    must(db, "INSERT INTO pgtrickle.pgt_alerts (event, payload)"
             " VALUES ('told', '{}'); NOTIFY pg_trickle_alert");
  };
  const auto all_published = [&] {
    return db.run("SELECT count(*) FROM pgtrickle.pgt_alerts"
                  " WHERE published_at IS NULL")
             .value()
           == "0";
  };
  INFO(daemon.log());
  REQUIRE(eventually(20s, is_served));
  tell();
  REQUIRE(eventually(20s, all_published));
  const auto lost = leader(nats.urls());
  REQUIRE_FALSE(lost.empty());
  nats.server(lost).stop();
  for (int i = 0; i < 5; ++i)
    tell();
  CHECK(eventually(10s, is_served));
  CHECK(eventually(20s, all_published));
  std::optional<std::vector<std::string>> kept;
  REQUIRE(eventually(20s, [&] {
    kept = alerts_at(nats.other_than(lost).url());
    return kept.has_value();
  }));
  CHECK(kept->size() == std::set(kept->begin(), kept->end()).size());
  CHECK(std::to_string(kept->size())
        == db.run("SELECT count(*) FROM pgtrickle.pgt_alerts").value());
  nats.server(lost).start();
  CHECK(eventually(20s, is_served));
}

} // namespace pgtrickle::test
