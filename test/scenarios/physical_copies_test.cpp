// Physical copies of a cluster: recovered to a point in time, and a standby
// that is promoted. Their transactions, oids and change buffers are the
// original's, so stream tables go on by themselves.

#include "services/catalog/lineage.hpp"
#include "services/postgres/session.hpp"
#include "test/scenarios/copies.hpp"
#include "test/support/ctl_process.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

namespace {

/// A cluster that archives its log, with a daemon, and a NATS of its own: a
/// copy has the same system identifier, so the two may not share one.
struct primary {
  private_nats nats;
  private_directory archive;
  private_postgres postgres{"archive_mode = on\narchive_command = 'cp %p "
                            + archive.path().string() + "/%f'\n"};
  private_daemon daemon{postgres.conninfo(), nats.url(), "primary"};

  primary() {
    daemon.start();
    shop::create(postgres, nats);
  }

  /// Everything up to now is in the archive.
  void archive_log(shop& here) const {
    const auto file
      = here.db.run("SELECT pg_walfile_name(pg_switch_wal())").value();
    REQUIRE(eventually(
      15s, [&] { return std::filesystem::exists(archive.path() / file); }));
  }
};

std::string place(shop& here) {
  return here.db.run("SELECT pg_current_wal_insert_lsn()").value();
}

catalog::lineage lineage_of(const private_postgres& server) {
  auto db = postgres::session::open({.conninfo = server.conninfo("shop")});
  REQUIRE(db);
  auto found = db->run<catalog::lineage>(
    postgres::isolation::read_committed,
    [](pqxx::dbtransaction& tx) { return catalog::current_lineage(tx); });
  REQUIRE(found);
  return *found;
}

/// Starts `copy` and waits until it takes writes.
void recover(private_postgres& copy) {
  copy.start();
  REQUIRE(eventually(20s, [&] {
    return session(copy.conninfo()).run("SELECT pg_is_in_recovery()").value()
           == "f";
  }));
}

/// The stream tables of a copy follow what is written there.
void goes_on(shop& here, const private_postgres& server) {
  {
    shop_writer writer(server);
    here.change();
    REQUIRE(eventually(5s, [&] {
      return here.db.run("SELECT count(*) > 5 FROM event").value() == "t";
    }));
  }
  CHECK(here.comes_right());
}

/// A snapshot of `original` from after the point of recovery: its history is
/// not that of the copy.
void reconciles(shop& here, const private_postgres& original,
                const private_postgres& copy) {
  const std::string name = "\"the shop\".kept";
  const auto copied
    = run_ctl({"snapshot", "copy", name, "--from", original.conninfo("shop"),
               "--to", copy.conninfo("shop"), "--as", name});
  REQUIRE_MESSAGE(copied.status == 0, copied.output);
  must(here.db, "SELECT pgtrickle.restore_from_snapshot('revenue', 'kept')");
  CHECK(holds(here.db, "revenue"));
  const auto reason
    = here.db
        .run("SELECT reason FROM pgtrickle.get_refresh_history('revenue', 100) "
             "WHERE action = 'RESTORE'")
        .value();
  CHECK_MESSAGE(reason.find("the changes after it were not kept")
                  != std::string::npos,
                reason);
}

} // namespace

TEST_CASE("a cluster that is recovered to a point in time goes on from there") {
  primary first;
  shop original(first.postgres);
  const auto settings = "archive_mode = off\nrestore_command = 'cp "
                        + first.archive.path().string()
                        + "/%f %p'\nrecovery_target_action = promote\n";
  private_postgres before(first.postgres, settings);
  private_postgres after(first.postgres, settings);
  REQUIRE(original.comes_right());

  // Between a write and the refresh that consumes it.
  first.daemon.stop();
  original.change();
  const auto unrefreshed = place(original);
  const auto point = lineage_of(first.postgres).now;
  first.daemon.start();
  REQUIRE(original.comes_right());
  original.take_snapshot("kept");
  REQUIRE(original.comes_right());
  const auto refreshed = original.now();
  const auto later = lineage_of(first.postgres).now;
  must(original.db, "DELETE FROM sale WHERE id % 3 = 0");
  REQUIRE(original.comes_right());
  first.archive_log(original);
  first.daemon.stop();

  const auto check = [&](private_postgres& server, const auto& more) {
    shop copy(server);
    const auto began = copy.now();
    private_daemon daemon(server.conninfo(), first.nats.url(), "recovered");
    daemon.start();
    CHECK(copy.comes_right());
    goes_on(copy, server);
    CHECK(copy.full_refreshes_since(began) == "none");
    more(copy);
    daemon.stop();
  };
  SUBCASE("before a refresh") {
    before.signal_file("recovery.signal");
    before.configure("recovery_target_lsn = '" + unrefreshed + "'");
    recover(before);
    const auto recovered = lineage_of(before);
    CHECK(recovered.now.timeline == 2);
    CHECK_FALSE(catalog::why_not_ancestor(point, recovered));
    CHECK(catalog::why_not_ancestor(later, recovered));
    check(before, [&](shop& copy) {
      CHECK(copy.db.run("SELECT FROM pgtrickle.list_snapshots()").rows.empty());
      reconciles(copy, first.postgres, before);
    });
  }
  SUBCASE("after it") {
    after.signal_file("recovery.signal");
    after.configure("recovery_target_time = '" + refreshed + "'");
    recover(after);
    CHECK_FALSE(catalog::why_not_ancestor(point, lineage_of(after)));
    check(after, [](shop& copy) { copy.goes_on_from_snapshot("kept"); });
  }
}

TEST_CASE("a standby that is promoted goes on where the primary stopped") {
  primary first;
  shop original(first.postgres);
  private_postgres standby(first.postgres, "archive_mode = off\n"
                                           "primary_conninfo = '"
                                             + first.postgres.conninfo()
                                             + "'\n");
  standby.signal_file("standby.signal");
  standby.start();
  shop copy(standby);
  // It waits for its time.
  private_nats other;
  private_daemon daemon(standby.conninfo(), other.url(), "promoted");
  daemon.start();
  original.take_snapshot("kept");
  {
    shop_writer writer(first.postgres);
    original.change();
    CHECK(eventually(10s, [&] {
      return copy.db.run("SELECT count(*) > 5 FROM event").value() == "t";
    }));
    CHECK(writer.stop() > 0);
  }
  const auto point = lineage_of(first.postgres).now;
  CHECK(eventually(10s, [&] {
    return copy.db
             .run("SELECT pg_last_wal_replay_lsn() >= '"
                  + catalog::lsn_text(point.lsn) + "'")
             .value()
           == "t";
  }));
  first.daemon.kill();
  first.postgres.stop(stop_mode::immediate);
  must(copy.db, "SELECT pg_promote()");
  const auto began = copy.now();
  CHECK_FALSE(catalog::why_not_ancestor(point, lineage_of(standby)));
  goes_on(copy, standby);
  CHECK(copy.full_refreshes_since(began) == "none");
  must(copy.db,
       "ALTER DATABASE shop SET pg_trickle.nats_url = '" + other.url() + "'");
  shop(standby).goes_on_from_snapshot("kept");
}

} // namespace pgtrickle::test
