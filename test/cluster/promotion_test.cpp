// The PostgreSQL server dies, and its standby takes its place.

#include "test/cluster/fleet.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

namespace {

/// One database whose server has a standby, and a daemon that goes wherever
/// may be written.
struct with_standby : fleet {
  with_standby() : fleet(1) {
    start("a");
    REQUIRE(follows("d1", 10s));
    node("a").process.stop();
    standby.signal_file("standby.signal");
    standby.start();
    daemon.start();
    REQUIRE(follows("d1", 15s));
  }

  /// Until all that is committed has come to the standby.
  [[nodiscard]] bool is_replicated() const {
    const auto place
      = connect("d1").run("SELECT pg_current_wal_insert_lsn()").value();
    return eventually(10s, [&] {
      return session(standby.conninfo())
               .run("SELECT pg_last_wal_replay_lsn() >= '" + place + "'")
               .value()
             == "t";
    });
  }

  [[nodiscard]] session promote() {
    postgres.stop(stop_mode::immediate);
    session db(standby.conninfo("d1"));
    must(db, "SELECT pg_promote()");
    return db;
  }

  tcp_proxy wire{postgres.port()};
  private_postgres standby{
    postgres, "primary_conninfo = 'host=127.0.0.1 user=postgres port="
                + std::to_string(wire.port()) + "'"};
  private_daemon daemon{
    "host=" + postgres.socket_dir() + "," + standby.socket_dir() + " port="
      + std::to_string(postgres.port()) + "," + std::to_string(standby.port())
      + " user=postgres dbname=postgres target_session_attrs=read-write",
    nats.url(),
    "b",
    {"--lease=3"}};
};

/// Whether a row written now comes to the copy, with all others.
bool goes_on(session& db) {
  must(db, "INSERT INTO base VALUES (77)");
  return eventually(20s, [&] {
    return db.run("SELECT (SELECT array_agg(a ORDER BY a) FROM base)"
                  " = (SELECT array_agg(a ORDER BY a) FROM copy)")
             .value()
           == "t";
  });
}

std::string actions_of_the_owner(session& db) {
  return db
    .run("SELECT string_agg(DISTINCT action, ' ') FROM"
         " pgtrickle.pgt_refresh_history WHERE start_time >"
         " (SELECT acquired_at FROM pgtrickle.pgt_owner)")
    .value();
}

} // namespace

TEST_CASE("a daemon follows PostgreSQL to the standby that was promoted") {
  with_standby all;
  REQUIRE(all.is_replicated());
  auto db = all.promote();
  INFO(all.daemon.log());
  CHECK(goes_on(db));
  CHECK(actions_of_the_owner(db) == "DIFFERENTIAL");
}

TEST_CASE("what a standby never heard of is not taken for refreshed when it is "
          "promoted") {
  with_standby all;
  REQUIRE(all.is_replicated());
  all.wire.cut();
  // Committed, refreshed, and lost with the primary: rows, frontier and
  // history.
  for (int i = 0; i < 3; ++i)
    REQUIRE(all.follows("d1", 10s));
  const auto known = all.connect("d1").run("SELECT count(*) FROM copy").value();
  auto db = all.promote();
  CHECK(std::stoi(db.run("SELECT count(*) FROM copy").value()) + 3
        == std::stoi(known));
  INFO(all.daemon.log());
  CHECK(goes_on(db));
  CHECK(actions_of_the_owner(db) == "DIFFERENTIAL");
}

} // namespace pgtrickle::test
