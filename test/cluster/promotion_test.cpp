// The PostgreSQL server dies, and its standby takes its place.

#include "test/cluster/fleet.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

TEST_CASE("a daemon follows PostgreSQL to the standby that was promoted") {
  fleet all{1};
  all.start("a");
  REQUIRE(all.follows("d1", 10s));
  all.node("a").process.stop();
  private_postgres standby{all.postgres, "primary_conninfo = '"
                                           + all.postgres.conninfo() + "'"};
  standby.signal_file("standby.signal");
  standby.start();
  private_daemon daemon{
    "host=" + all.postgres.socket_dir() + "," + standby.socket_dir()
      + " port=" + std::to_string(all.postgres.port()) + ","
      + std::to_string(standby.port())
      + " user=postgres dbname=postgres target_session_attrs=read-write",
    all.nats.url(),
    "b",
    {"--lease=3"}};
  daemon.start();
  REQUIRE(all.follows("d1", 15s));
  const auto place
    = all.connect("d1").run("SELECT pg_current_wal_insert_lsn()").value();
  REQUIRE(eventually(10s, [&] {
    return session(standby.conninfo())
             .run("SELECT pg_last_wal_replay_lsn() >= '" + place + "'")
             .value()
           == "t";
  }));
  all.postgres.stop(stop_mode::immediate);
  session db(standby.conninfo("d1"));
  must(db, "SELECT pg_promote()");
  must(db, "INSERT INTO base VALUES (77)");
  INFO(daemon.log());
  CHECK(eventually(20s, [&] {
    return db.run("SELECT count(*) FROM copy WHERE a = 77").value() == "1";
  }));
  CHECK(db.run("SELECT string_agg(DISTINCT action, ' ') FROM"
               " pgtrickle.pgt_refresh_history WHERE start_time >"
               " (SELECT acquired_at FROM pgtrickle.pgt_owner)")
          .value()
        == "DIFFERENTIAL");
}

} // namespace pgtrickle::test
