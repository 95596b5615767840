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
  // A refresh that lasts until this table can be locked.
  must(db, "CREATE TABLE gate (); CREATE FUNCTION pass() RETURNS trigger"
           " LANGUAGE plpgsql AS 'BEGIN LOCK TABLE public.gate IN ROW EXCLUSIVE"
           " MODE; RETURN NULL; END';"
           "CREATE TRIGGER pass AFTER INSERT ON copy FOR EACH STATEMENT"
           " EXECUTE FUNCTION pass()");
  const auto& owner = all.owner;
  const auto& other = all.other;
  auto keeper = all.connect("d1");
  must(keeper, "BEGIN; LOCK TABLE gate IN ACCESS EXCLUSIVE MODE");
  must(db, "INSERT INTO base VALUES (1000)");
  REQUIRE(eventually(5s, [&] {
    return db.run("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation"
                  " = 'gate'::regclass")
             .value()
           == "1";
  }));
  all.node(owner).process.signal(SIGSTOP);
  must(keeper, "COMMIT");
  CHECK(
    eventually(takeover_limit, [&] { return all.owner_of("d1") == other; }));
  CHECK(all.follows("d1", 5s));
  all.node(owner).process.signal(SIGCONT);
  CHECK(all.follows("d1", 5s));
  CHECK(throughout(2s, [&] { return all.owner_of("d1") == other; }));
  CHECK(all.consumed_all_once("d1"));
  CHECK(all.node(owner).process.running());
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
