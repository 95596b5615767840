#include "test/scenarios/installation.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <random>
#include <thread>

namespace pgtrickle::test {

using namespace std::string_literals;

namespace {

constexpr unsigned seed = 20'261'126;

const std::string query
  = "SELECT item, count(*) AS n, sum(amount) AS total, max(amount) AS most "
    "FROM sale GROUP BY item";

/// A table of sales and a stream table over it.
struct sales_scenario : scenario {
  sales_scenario() {
    must(db, "CREATE TABLE sale (id int PRIMARY KEY, item text, amount int);"
             "INSERT INTO sale SELECT i, 'item' || i % 500, i"
             " FROM generate_series(1, 20000) i");
    must(db,
         "SELECT pgtrickle.create_stream_table('kept', '" + query + "', '1s')");
  }

  void reconnect() {
    admin = connect("postgres");
    db = connect();
  }

  std::string take() {
    const auto taken = db.run("SELECT pgtrickle.snapshot_stream_table('kept')");
    REQUIRE_MESSAGE(taken.sqlstate.empty(), taken.message);
    return taken.value();
  }

  std::string tables_of(const std::string& name) {
    return admin
      .run("SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname = '"
           + name + "'")
      .value();
  }

  std::string registered(const std::string& name) {
    return admin
      .run("SELECT count(*) FROM pgtrickle.pgt_stream_tables WHERE pgt_name = '"
           + name + "'")
      .value();
  }

  /// Tables of snapshots that no row knows of, and rows without a table.
  std::string orphans() {
    return admin
      .run("SELECT concat_ws(' ', (SELECT string_agg(c.oid::regclass::text, "
           "' ') FROM pg_class c WHERE c.relkind = 'r' AND c.relname LIKE "
           "'snapshot\\_%' AND c.relnamespace IN ('pgtrickle'::regnamespace, "
           "'pgtrickle_state'::regnamespace) AND NOT EXISTS (SELECT FROM "
           "pgtrickle.pgt_snapshots s WHERE s.snapshot_relid = c.oid OR c.oid "
           "= ANY (s.arrangements))), (SELECT string_agg(s.snapshot_table, "
           "' ') FROM pgtrickle.pgt_snapshots s WHERE s.snapshot_schema = "
           "'pgtrickle' AND NOT EXISTS (SELECT FROM "
           "pg_class c WHERE c.oid = s.snapshot_relid)))")
      .value();
  }
};

} // namespace

TEST_CASE("a snapshot is taken, listed, restored and dropped through SQL") {
  sales_scenario s;
  const auto snapshot = s.take();
  must(s.db, "UPDATE sale SET amount = 7 WHERE id < 100");
  must(s.db, "SELECT pgtrickle.refresh_stream_table('kept')");
  must(s.db,
       "SELECT pgtrickle.restore_from_snapshot('kept', '" + snapshot + "')");
  CHECK(comes_true(s.admin, "kept"));
  CHECK(s.db
          .run("SELECT string_agg(action, ' ' ORDER BY refresh_id) FROM "
               "(SELECT * FROM pgtrickle.get_refresh_history('kept', 10) WHERE "
               "action <> 'NO_DATA') h")
          .value()
          .starts_with("FULL DIFFERENTIAL RESTORE DIFFERENTIAL"));
  CHECK(s.db
          .run("SELECT row_count, ok FROM pgtrickle.verify_snapshot('"
               + snapshot + "')")
          .value()
        == "500");
  auto bob = s.connect("bob");
  CHECK(bob.run("SELECT resumable FROM pgtrickle.list_snapshots()").value()
        == "t");
  CHECK(bob.run("SELECT pgtrickle.drop_snapshot('" + snapshot + "')").sqlstate
        == "42501");
  CHECK(
    bob.run("SELECT pgtrickle.snapshot_stream_table('" + s.schema + ".kept')")
      .sqlstate
    == "42501");
  must(s.db, "SELECT pgtrickle.drop_snapshot('" + snapshot + "')");
  CHECK(
    s.db
      .run("SELECT pgtrickle.restore_from_snapshot('kept', '" + snapshot + "')")
      .sqlstate
    == "42P01");
  CHECK(
    s.db.run("BEGIN; SELECT pgtrickle.snapshot_stream_table('kept')").sqlstate
    == "25001");
  must(s.db, "ROLLBACK");
  CHECK(s.orphans().empty());
}

TEST_CASE("what a restore can't go on from is reconciled before the call "
          "returns") {
  sales_scenario s;
  const auto snapshot = s.take();
  must(s.admin, "SELECT pgtrickle._unpin_snapshots(array_agg(snapshot_id), "
                "'purged') FROM pgtrickle.pgt_snapshots");
  must(s.db, "UPDATE sale SET amount = 7 WHERE id < 100");
  const auto done = s.db.run("SELECT pgtrickle.restore_from_snapshot('kept', '"
                             + snapshot + "')");
  REQUIRE(done.sqlstate.empty());
  CHECK(holds(s.admin, "kept"));
  must(s.db, "SELECT pgtrickle.drop_stream_table('kept')");
  must(s.db,
       "SELECT pgtrickle.restore_from_snapshot('kept', '" + snapshot + "')");
  CHECK(holds(s.admin, "kept"));
  CHECK(s.db
          .run("SELECT reason FROM pgtrickle.get_refresh_history('kept') "
               "WHERE action = 'REINITIALIZE'")
          .value()
          .ends_with(": purged"));
}

TEST_CASE("a daemon or PostgreSQL killed at twenty random moments of snapshots "
          "and restores leaves nothing half") {
  sales_scenario s;
  const auto first = s.take();
  std::mt19937 random{seed};
  int came_back = 0;
  for (int kills = 0; kills < 20; ++kills) {
    CAPTURE(kills);
    std::atomic<bool> ends = false;
    auto caller = s.connect();
    std::thread busy{[&] {
      for (int i = 0; !ends && caller.connected(); ++i)
        for (const auto& call :
             {"SELECT pgtrickle.snapshot_stream_table('kept')"s,
              "UPDATE sale SET amount = amount + 1 WHERE id % 100 = "
                + std::to_string(i % 100),
              "SELECT pgtrickle.restore_from_snapshot('kept', '" + first + "')",
              "SELECT pgtrickle.drop_stream_table('again')"s,
              "SELECT pgtrickle.restore_from_snapshot('again', '" + first
                + "')"})
          if (caller.connected())
            caller.run(call);
    }};
    const std::chrono::milliseconds moment{random() % 400};
    (void)throughout(moment, [&] { return s.all.daemon.running(); });
    if (kills % 4 == 3) {
      s.all.postgres.stop(stop_mode::immediate);
      ends = true;
      busy.join();
      s.all.postgres.start();
      s.reconnect();
    } else {
      s.all.daemon.kill();
      ends = true;
      // Its call ends when the new daemon tells it, or is out of time.
      s.all.daemon.start();
      busy.join();
    }
    REQUIRE(eventually(20s, [&] { return s.all.serves(); }));
    CHECK(s.orphans().empty());
    CHECK(comes_true(s.admin, "kept", 20s));
    CHECK(s.tables_of("again") == s.registered("again"));
    if (s.registered("again") != "0") {
      ++came_back;
      CHECK(comes_true(s.admin, "again", 20s));
    }
  }
  CHECK(came_back > 0);
  CHECK(eventually(20s, [&] {
    return s.db.run("SELECT ok FROM pgtrickle.verify_snapshot('" + first + "')")
             .value()
           == "t";
  }));
}

} // namespace pgtrickle::test
