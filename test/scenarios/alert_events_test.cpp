// Each alert is written with its cause, has the keys that its declaration
// names, and reaches the bus once, in order, whatever the bus does meanwhile.

#include "services/core/alerts.hpp"
#include "test/scenarios/installation.hpp"
#include "test/support/nats_client.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

namespace pgtrickle::test {

namespace {

struct told_scenario : scenario {
  told_scenario() {
    must(db, "CREATE TABLE base (a int); INSERT INTO base VALUES (1)");
    must(db, "SELECT pgtrickle.create_stream_table('inverse',"
             " 'SELECT 12 / a AS x FROM base', '1d', 'DIFFERENTIAL')");
  }

  /// The events of `inverse`, in order.
  [[nodiscard]] std::string events() {
    return admin
      .run("SELECT string_agg(event, ' ' ORDER BY alert_id)"
           " FROM pgtrickle.pgt_alerts WHERE payload ->> 'stream_table' = '"
           + schema + ".inverse'")
      .value();
  }

  [[nodiscard]] std::string fail() {
    must(db, "INSERT INTO base VALUES (0)");
    const auto failed
      = db.run("SELECT pgtrickle.refresh_stream_table('inverse')").sqlstate;
    must(db, "DELETE FROM base WHERE a = 0");
    return failed;
  }
};

} // namespace

TEST_CASE("what is done to a stream table is told in the same transaction") {
  told_scenario s;
  CHECK(s.fail() == "22012");
  std::string expected = "refresh_failed";
  CHECK(s.events() == expected);
  must(s.db, "SELECT pgtrickle.snapshot_stream_table('inverse', 'kept')");
  must(s.db, "SELECT pgtrickle.restore_from_snapshot('inverse', 'kept')");
  CHECK(s.events() == (expected += " snapshot_created snapshot_restored"));
  must(s.db,
       "SELECT pgtrickle.alter_stream_table('inverse', status => 'SUSPENDED')");
  CHECK(s.events() == (expected += " stream_table_suspended"));
  must(s.db, "SELECT pgtrickle.resume_stream_table('inverse')");
  CHECK(s.events() == (expected += " resumed"));
  must(s.db, "BEGIN; ALTER TABLE base ALTER a TYPE bigint");
  CHECK(s.events() == expected);
  must(s.db, "ROLLBACK");
  CHECK(s.events() == expected);
  must(s.db, "ALTER TABLE base ALTER a TYPE bigint");
  CHECK(s.events() == (expected += " reinitialize_needed"));
}

TEST_CASE("every alert that was written has the keys of its declaration") {
  told_scenario s;
  CHECK(s.fail() == "22012");
  must(s.db, "SELECT pgtrickle.snapshot_stream_table('inverse', 'kept')");
  const auto written
    = s.admin.run("SELECT DISTINCT event, (SELECT string_agg(k, ' ') FROM "
                  "jsonb_object_keys(payload) k) FROM pgtrickle.pgt_alerts");
  std::set<std::string> events;
  for (const auto& row : written.rows) {
    CAPTURE(row[0]);
    CAPTURE(row[1]);
    events.insert(row[0]);
    const auto declared = std::ranges::find(alert_descriptions(), row[0],
                                            &alert_description::name);
    REQUIRE(declared != alert_descriptions().end());
    const auto present = " " + row[1] + " ";
    std::size_t known = 1;
    for (const auto& key : keys_of(*declared)) {
      const bool is_there
        = present.find(" " + key.name + " ") != std::string::npos;
      CHECK((is_there || key.is_optional));
      known += is_there ? 1 : 0;
    }
    CHECK(known
          == static_cast<std::size_t>(std::ranges::count(row[1], ' ')) + 1);
  }
  CHECK(events.contains("ownership_changed"));
  CHECK(events.contains("refresh_failed"));
  CHECK(events.contains("snapshot_created"));
}

TEST_CASE("a new owner tells of itself, once for each epoch") {
  scenario s;
  s.all.daemon.kill();
  s.all.repair();
  CHECK(s.admin
          .run("SELECT count(*) FROM pgtrickle.pgt_alerts a"
               " JOIN pgtrickle.pgt_owner o"
               " ON (a.payload ->> 'epoch')::bigint = o.epoch"
               " AND a.payload ->> 'node' = o.node"
               " WHERE event = 'ownership_changed'")
          .value()
        == "1");
  CHECK(s.admin
          .run("SELECT count(*) - count(DISTINCT payload ->> 'epoch')"
               " FROM pgtrickle.pgt_alerts WHERE event = 'ownership_changed'")
          .value()
        == "0");
}

TEST_CASE("a database that is out of reach is told of, once for its epoch") {
  scenario s;
  const auto epoch
    = s.admin.run("SELECT epoch FROM pgtrickle.pgt_owner").value();
  const auto id = s.admin
                    .run("SELECT concat_ws('-', (SELECT system_identifier FROM"
                         " pg_control_system()), oid, 'unreachable')"
                         " FROM pg_database"
                         " WHERE datname = current_database()")
                    .value();
  nats_client bus{s.all.nats.url()};
  auto alerts = bus.subscribe("pgtrickle.v1.*.*.alert.database_unreachable");
  s.all.postgres.stop(stop_mode::immediate);
  // Other databases of this daemon are gone as well.
  std::optional<nats_message> told;
  do
    told = alerts.next(30s);
  while (told && told->id != id + "-" + epoch);
  CHECK(told);
  s.all.postgres.start();
  s.admin = s.connect("postgres");
  s.db = s.connect();
  CHECK(eventually(30s, [&] { return s.all.serves(); }));
}

TEST_CASE("alerts of an outage arrive afterwards, in order and once") {
  told_scenario s;
  CHECK(s.fail() == "22012");
  const auto waiting = [&] {
    return s.admin
      .run("SELECT count(*) FROM pgtrickle.pgt_alerts"
           " WHERE published_at IS NULL")
      .value();
  };
  REQUIRE(eventually(10s, [&] { return waiting() == "0"; }));
  s.all.nats.stop();
  for (int i = 0; i < 20; ++i) {
    must(s.admin, "UPDATE pgtrickle.pgt_stream_tables SET status = 'SUSPENDED'"
                  " WHERE pgt_relid = 'inverse'::regclass");
    must(s.admin, "UPDATE pgtrickle.pgt_stream_tables SET status = 'ACTIVE'"
                  " WHERE pgt_relid = 'inverse'::regclass");
  }
  CHECK(waiting() == "40");
  // The one that takes over publishes what its predecessor could not.
  s.all.daemon.kill();
  s.all.nats.start();
  s.all.repair();
  CHECK(eventually(20s, [&] { return waiting() == "0"; }));

  nats_client bus{s.all.nats.url()};
  auto kept = bus.replay("pgtrickle.v1.*.*.alert.>");
  std::vector<std::string> arrived;
  std::set<std::string> ids;
  while (const auto message = kept.next(1s)) {
    CHECK_FALSE(message->id.empty());
    CHECK(ids.insert(message->id).second);
    if (message->payload.find(s.schema + ".inverse") != std::string::npos)
      arrived.push_back(
        message->subject.substr(message->subject.rfind('.') + 1));
  }
  REQUIRE(arrived.size() == 41);
  CHECK(arrived[0] == "refresh_failed");
  for (std::size_t i = 1; i < arrived.size(); i += 2) {
    CHECK(arrived[i] == "stream_table_suspended");
    CHECK(arrived[i + 1] == "resumed");
  }
}

} // namespace pgtrickle::test
