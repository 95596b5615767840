#include "test/scenarios/slow_refresh.hpp"

#include <doctest/doctest.h>

#include <csignal>

namespace pgtrickle::test {

namespace {

void create_reader(scenario& s) {
  must(s.db, "CREATE TABLE base (a int); INSERT INTO base VALUES (1)");
  must(s.db, "SELECT pgtrickle.create_stream_table('reader',"
             " 'SELECT a FROM base', '1s')");
}

/// Whether what is written now arrives in `reader` within `limit`.
bool follows(scenario& s, std::chrono::milliseconds limit) {
  must(s.admin, "INSERT INTO base SELECT 1 + count(*) FROM base");
  return comes_true(s.admin, "reader", limit);
}

} // namespace

TEST_CASE("a daemon leaves a database to a newer one, and takes it again") {
  scenario s;
  create_reader(s);
  const auto pretend = [&](const std::string& version) {
    must(s.admin, "UPDATE pg_extension SET extversion = '" + version
                    + "' WHERE extname = 'pg_trickle'");
  };
  const auto real
    = s.admin
        .run("SELECT extversion FROM pg_extension WHERE extname = 'pg_trickle'")
        .value();
  pretend("99.1");
  CHECK(eventually(10s, [&] {
    return s.all.daemon.log().find("install pgtrickled 99.1")
           != std::string::npos;
  }));
  const auto refused
    = s.db.run("SELECT pgtrickle.refresh_stream_table('reader')");
  CHECK(refused.sqlstate == "08006");
  CHECK(refused.hint.find("log says") != std::string::npos);
  pretend("0.26.0");
  CHECK(follows(s, 20s));
  pretend(real);
  CHECK(follows(s, 20s));
}

TEST_CASE("a part of the daemon that loses its connection comes back") {
  scenario s;
  create_reader(s);
  for (const std::string part : {"watcher", "registrar", "refresher", "node"}) {
    CAPTURE(part);
    s.admin.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name LIKE 'pgtrickle "
                + part + "@%'");
    CHECK(follows(s, 10s));
    CHECK(eventually(10s, [&] {
      return s.db.run("SELECT pgtrickle.refresh_stream_table('reader')")
        .sqlstate.empty();
    }));
  }
  CHECK(s.all.daemon.running());
}

TEST_CASE("PostgreSQL's immediate stop and restart is survived") {
  scenario s;
  create_reader(s);
  must(s.db, "SELECT pgtrickle.create_stream_table('sums',"
             " 'SELECT a % 3 AS k, sum(a) AS total FROM base GROUP BY 1',"
             " '1s')");
  must(s.db, "INSERT INTO base SELECT generate_series(1, 1000)");
  s.all.postgres.stop(stop_mode::immediate);
  s.all.postgres.start();
  s.admin = s.connect("postgres");
  s.db = s.connect();
  must(s.db, "DELETE FROM base WHERE a % 7 = 0");
  CHECK(follows(s, 15s));
  CHECK(comes_true(s.admin, "sums"));
  CHECK(eventually(10s, [&] { return s.all.serves(); }));
}

TEST_CASE("SIGTERM ends the daemon in order, whatever it is doing") {
  scenario s;
  create_slow_table(s);
  REQUIRE(begin_slow_refresh(s));
  int status = -1;
  const auto took = duration_of([&] { status = s.all.daemon.stop(); });
  CHECK(status == 0);
  // Five seconds are its deadline here.
  CHECK(took < 9000);
  CHECK_FALSE(s.db.result().sqlstate.empty());
  CHECK(eventually(2s, [&] { return !refreshes_slowly(s); }));
  CHECK(last_refresh(s) == "FAILED");
  CHECK(s.admin
          .run("SELECT count(*) FROM pg_stat_activity"
               " WHERE application_name LIKE 'pgtrickle %'")
          .value()
        == "0");
}

TEST_CASE("SIGHUP makes the daemon read the settings again") {
  scenario s;
  create_reader(s);
  const auto set = [&](const std::string& value) {
    must(s.admin, "ALTER DATABASE app SET pg_trickle.enabled = " + value);
    const auto before = s.all.daemon.log().size();
    s.all.daemon.signal(SIGHUP);
    return eventually(5s, [&] {
      return s.all.daemon.log().find("reloading", before) != std::string::npos;
    });
  };
  CHECK(set("off"));
  // The order of the tick before may still be on its way.
  must(s.db, "INSERT INTO base VALUES (7)");
  CHECK(eventually(10s, [&] {
    must(s.admin, "INSERT INTO base VALUES (8)");
    return throughout(2s, [&] { return !holds(s.admin, "reader"); });
  }));
  CHECK(set("on"));
  CHECK(comes_true(s.admin, "reader"));
}

TEST_CASE("a second daemon waits, and takes over when the first one dies") {
  scenario s;
  create_reader(s);
  private_daemon second{s.all.postgres.conninfo(), s.all.nats.url(), "second"};
  second.start();
  const auto owner = [&] {
    return s.admin.run("SELECT node FROM pgtrickle.pgt_owner").value();
  };
  const auto epoch = [&] {
    return std::stoll(
      s.admin.run("SELECT epoch FROM pgtrickle.pgt_owner").value());
  };
  const auto before = epoch();
  CHECK(throughout(3s, [&] { return owner() == "first"; }));
  CHECK(epoch() == before);
  CHECK(follows(s, 5s));

  s.all.daemon.kill();
  CHECK(eventually(10s, [&] { return owner() == "second"; }));
  CHECK(epoch() > before);
  CHECK(follows(s, 10s));
  CHECK(eventually(10s, [&] { return s.all.serves(); }));

  s.all.daemon.start();
  CHECK(throughout(2s, [&] { return owner() == "second"; }));
  CHECK(second.stop() == 0);
  CHECK(eventually(10s, [&] { return owner() == "first"; }));
  CHECK(follows(s, 10s));
  CHECK(s.admin
          .run("SELECT count(*) FROM pgtrickle.pgt_refresh_history a"
               " JOIN pgtrickle.pgt_refresh_history b USING (pgt_id)"
               " WHERE a.refresh_id < b.refresh_id"
               " AND a.end_time > b.start_time")
          .value()
        == "0");
}

} // namespace pgtrickle::test
