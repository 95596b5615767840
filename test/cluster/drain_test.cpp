// A daemon hands everything over, and ends.

#include "test/cluster/fleet.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

TEST_CASE("a drained daemon hands everything over and ends; its name stays "
          "drained until that is taken back") {
  fleet all{3};
  all.start("a");
  all.start("b");
  for (const auto& database : all.databases())
    REQUIRE(all.follows(database, 10s));
  auto db = all.connect("d1");
  must(db, "SELECT pgtrickle.drain_node('a')");
  CHECK(all.node("a").process.wait() == 0);
  for (const auto& database : all.databases()) {
    CHECK(all.owner_of(database) == "b");
    CHECK(all.follows(database, 3s));
    CHECK(all.consumed_all_once(database));
  }
  // Started again, it ends again.
  all.node("a").process.start();
  CHECK(all.node("a").process.wait() == 0);
  CHECK(all.owner_of("d1") == "b");
  CHECK(db.run("SELECT pgtrickle.undrain_node('a')").value() == "t");
  CHECK(db.run("SELECT pgtrickle.undrain_node('a')").value() == "f");
  CHECK(db.run("SELECT count(*) FROM pg_db_role_setting WHERE setrole = 0"
               " AND setdatabase = 0")
          .value()
        == "0");
  all.node("a").process.start();
  CHECK(throughout(3s, [&] { return all.node("a").process.running(); }));
}

TEST_CASE("a daemon started with --drain takes nothing and ends") {
  fleet all{1};
  all.start("a");
  REQUIRE(all.follows("d1", 10s));
  auto& visitor = all.start(better_than({"a"}, all.oid_of("d1")), {"--drain"});
  CHECK(visitor.process.wait() == 0);
  CHECK(all.owner_of("d1") == "a");
}

TEST_CASE("a drain that leaves nobody says so, and names are checked") {
  fleet all{1};
  all.start("a");
  REQUIRE(all.follows("d1", 10s));
  auto db = all.connect("d1");
  CHECK(db.run("SELECT pgtrickle.drain_node('it''s')").sqlstate == "22023");
  CHECK(db.run("SELECT pgtrickle.drain_node(NULL)").sqlstate == "22023");
  must(db, "SELECT pgtrickle.drain_node('a')");
  REQUIRE(db.notices().size() == 1);
  CHECK(db.notices().front()
        == "no other daemon is there: nobody will serve the databases of a");
  CHECK(all.node("a").process.wait() == 0);
}

} // namespace pgtrickle::test
