// A daemon dies, stops, or is cut off: another goes on with its databases.

#include "test/cluster/fleet.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>

namespace pgtrickle::test {

namespace {

/// Whether every database comes to be owned by one of `nodes`.
bool are_owned_by(const fleet& all, const std::vector<std::string>& nodes,
                  std::chrono::milliseconds limit) {
  return eventually(limit, [&] {
    return std::ranges::all_of(all.databases(), [&](const auto& database) {
      return std::ranges::find(nodes, all.owner_of(database)) != nodes.end();
    });
  });
}

} // namespace

TEST_CASE("a killed owner's databases are refreshed by the others within five "
          "seconds, and nothing is missed or doubled") {
  fleet all{4};
  all.start("a");
  all.start("b");
  all.start("c");
  all.settle();
  for (const auto& database : all.databases())
    REQUIRE(all.follows(database, 10s));
  const auto victim = all.owner_of("d1");
  all.node(victim).process.kill();
  for (const auto& database : all.databases())
    CHECK(all.follows(database, 5s));
  std::vector<std::string> others{"a", "b", "c"};
  std::erase(others, victim);
  CHECK(are_owned_by(all, others, 1s));
  for (const auto& database : all.databases()) {
    CAPTURE(database);
    CHECK(all.consumed_all_once(database));
  }
  INFO(all.logs());
  // Calls go to whoever owns the database, without a word to the caller.
  for (const auto& database : all.databases()) {
    auto db = all.connect(database);
    must(db, "SELECT pgtrickle.refresh_stream_table('copy')");
  }
}

TEST_CASE("a call made while its database changes hands is answered") {
  pair_of_daemons all;
  all.node(all.owner).process.kill();
  auto db = all.connect("d1");
  const auto answered = db.run("SELECT pgtrickle._relay('ping', '{}')"
                               " ->> 'node'");
  CHECK(answered.value() == all.other);
}

TEST_CASE("an owner cut off from PostgreSQL is replaced, and gets nothing back "
          "by force") {
  pair_of_daemons all;
  const auto& owner = all.owner;
  const auto& other = all.other;
  const auto epoch = all.epoch_of("d1");
  all.node(owner).to_postgres.cut();
  CHECK(
    eventually(takeover_limit, [&] { return all.owner_of("d1") == other; }));
  CHECK(all.follows("d1", 5s));
  all.node(owner).to_postgres.mend();
  CHECK(eventually(15s, [&] {
    return all.connect("d1")
             .run("SELECT count(*) FROM pg_stat_activity"
                  " WHERE application_name LIKE 'pgtrickle node@%'")
             .value()
           == "2";
  }));
  CHECK(all.follows("d1", 5s));
  CHECK(all.consumed_all_once("d1"));
  CHECK(all.epoch_of("d1") <= epoch + 2);
}

TEST_CASE("an owner cut off from NATS goes on, and lets those have its "
          "databases who can be called") {
  pair_of_daemons all;
  const auto& owner = all.owner;
  const auto& other = all.other;
  all.node(owner).to_nats.cut();
  // Refreshing needs no bus.
  CHECK(all.follows("d1", 3s));
  CHECK(eventually(30s, [&] { return all.owner_of("d1") == other; }));
  CHECK(eventually(5s, [&] { return all.is_served_by("d1", other); }));
  CHECK(all.follows("d1", 3s));
  CHECK(all.consumed_all_once("d1"));
}

TEST_CASE("without NATS everything stays where it is, and goes on") {
  fleet all{2};
  all.start("a");
  all.start("b");
  all.settle();
  for (const auto& database : all.databases())
    REQUIRE(all.follows(database, 10s));
  const auto epoch = all.epoch_of("d1");
  all.nats.stop();
  // Longer than it takes a node to count as deaf.
  CHECK(throughout(8s, [&] { return all.epoch_of("d1") == epoch; }));
  CHECK(all.follows("d1", 3s));
  all.nats.start();
  CHECK(eventually(15s,
                   [&] { return all.is_served_by("d1", all.owner_of("d1")); }));
  CHECK(all.epoch_of("d1") == epoch);
}

TEST_CASE("who takes the owner's lock without being a daemon loses it") {
  fleet all{1};
  auto admin = all.connect("d1");
  must(admin, "CREATE ROLE mallory LOGIN");
  auto mallory = all.connect("d1", "mallory");
  must(mallory, "SELECT pg_advisory_lock("
                "hashtextextended('pgtrickle owner', 0))");
  all.start("a");
  CHECK(all.follows("d1", 10s));
  CHECK_FALSE(mallory.run("SELECT 1").sqlstate.empty());
  // Nor does a name make a daemon.
  auto pretender = all.connect("d1", "mallory");
  must(pretender, "SET application_name = 'pgtrickle node@"
                    + better_than({"a"}, all.oid_of("d1")) + " 64'");
  CHECK(throughout(4s, [&] { return all.owner_of("d1") == "a"; }));
  CHECK(all.follows("d1", 3s));
}

} // namespace pgtrickle::test
