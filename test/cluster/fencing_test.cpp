// An owner that was stopped, or cut off, in the middle of its work commits
// nothing afterwards.

#include "test/cluster/fleet.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <random>

namespace pgtrickle::test {

namespace {

/// How many pauses and partitions; the bench's number is 200.
int rounds() {
  const auto* given = std::getenv("PGTRICKLE_FENCINGS");
  return given == nullptr ? 4 : std::atoi(given);
}

/// A trigger that notes which backend's transaction wrote to `copy`, under
/// which epoch it was committed: the epoch is read by the transaction itself.
void note_writers(const fleet& all) {
  auto db = all.connect("d1");
  must(db, "CREATE TABLE notes (node text, epoch bigint);"
           "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS"
           " 'BEGIN INSERT INTO public.notes SELECT split_part("
           " pg_catalog.current_setting(''application_name''), ''@'', 2), epoch"
           " FROM pgtrickle.pgt_owner; RETURN NULL; END';"
           "CREATE TRIGGER note AFTER INSERT ON copy FOR EACH STATEMENT"
           " EXECUTE FUNCTION note()");
}

} // namespace

TEST_CASE("an owner stopped in the middle of a refresh commits nothing "
          "afterwards") {
  pair_of_daemons all;
  auto db = all.connect("d1");
  // Refreshed by calls only, so that no refresh of the new owner is in the old
  // one's way; and for as long as the gate is closed.
  must(db, "CREATE TABLE gate (); CREATE FUNCTION pass() RETURNS trigger"
           " LANGUAGE plpgsql AS 'BEGIN LOCK TABLE public.gate IN ROW EXCLUSIVE"
           " MODE; RETURN NULL; END'");
  must(db, "SELECT pgtrickle.create_stream_table('called',"
           " 'SELECT a FROM public.base', '1d', 'DIFFERENTIAL')");
  must(db, "CREATE TRIGGER pass AFTER INSERT ON called FOR EACH STATEMENT"
           " EXECUTE FUNCTION pass()");
  auto keeper = all.connect("d1");
  must(keeper, "BEGIN; LOCK TABLE gate IN ACCESS EXCLUSIVE MODE");
  must(db, "INSERT INTO base VALUES (1000)");
  auto caller = all.connect("d1");
  caller.send("SELECT pgtrickle.refresh_stream_table('called')");
  REQUIRE(eventually(5s, [&] {
    return db.run("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation"
                  " = 'gate'::regclass")
             .value()
           == "1";
  }));
  all.node(all.owner).process.signal(SIGSTOP);
  must(keeper, "COMMIT");
  CHECK_FALSE(caller.result().sqlstate.empty());
  CHECK(eventually(takeover_limit,
                   [&] { return all.owner_of("d1") == all.other; }));
  CHECK(all.follows("d1", 5s));
  all.node(all.owner).process.signal(SIGCONT);
  const auto has_row = [&] {
    return db.run("SELECT count(*) FROM called WHERE a = 1000").value() == "1";
  };
  CHECK(throughout(
    2s, [&] { return !has_row() && all.owner_of("d1") == all.other; }));
  must(db, "SELECT pgtrickle.refresh_stream_table('called')");
  CHECK(has_row());
  CHECK(all.node(all.owner).process.running());
}

TEST_CASE("whatever stops or cuts off an owner, nothing is committed under a "
          "passed epoch") {
  pair_of_daemons all;
  note_writers(all);
  std::mt19937 random{7};
  for (int round = 0; round < rounds(); ++round) {
    const auto owner = all.owner_of("d1");
    const auto epoch = all.epoch_of("d1");
    auto& node = all.node(owner);
    const auto kind = random() % 3;
    CAPTURE(round);
    CAPTURE(kind);
    auto db = all.connect("d1");
    must(db, "INSERT INTO base SELECT generate_series(1, 500)");
    // Somewhere in, before or after a refresh.
    poll(nullptr, 0, static_cast<int>(random() % 300));
    if (kind == 0)
      node.process.signal(SIGSTOP);
    else
      node.to_postgres.cut();
    if (kind == 2)
      node.to_nats.cut();
    const auto taken = eventually(takeover_limit + 2s, [&] {
      return all.epoch_of("d1") > epoch && all.owner_of("d1") != owner;
    });
    if (!taken)
      FAIL("was not taken over: " << all.logs());
    must(db, "INSERT INTO base SELECT generate_series(1, 500)");
    node.process.signal(SIGCONT);
    node.to_postgres.mend();
    node.to_nats.mend();
    CHECK(all.follows("d1", 10s));
    REQUIRE(eventually(20s, [&] {
      return db.run("SELECT count(*) FROM pg_stat_activity"
                    " WHERE application_name LIKE 'pgtrickle node@%'")
               .value()
             == "2";
    }));
  }
  auto db = all.connect("d1");
  // A node never writes under an epoch that another one had taken, nor after a
  // later one.
  CHECK(db.run("SELECT count(*) FROM (SELECT epoch FROM notes GROUP BY epoch"
               " HAVING count(DISTINCT node) > 1) AS shared")
          .value()
        == "0");
  CHECK(all.consumed_all_once("d1"));
}

} // namespace pgtrickle::test
