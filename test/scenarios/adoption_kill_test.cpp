// A daemon that is killed while it adopts databases that were loaded from a
// dump.

#include "test/scenarios/copies.hpp"

#include <doctest/doctest.h>

#include <random>

namespace pgtrickle::test {

namespace {

constexpr unsigned seed = 20'261'127;
const std::string binaries = "/usr/lib/postgresql/15/bin/";

/// A cluster with a template database `loaded`, which no daemon serves: the
/// original shop as it was dumped.
struct target {
  private_postgres postgres;
  private_daemon daemon{postgres.conninfo(), the_installation().nats.url(),
                        "adopts"};
  session db{postgres.conninfo()};

  target() {
    const auto& all = the_installation();
    const private_directory dir;
    const auto dump = (dir.path() / "dump").string();
    run({binaries + "pg_dump", "-Fc", "--file=" + dump,
         "--dbname=" + all.postgres.conninfo("shop")});
    must(db, "CREATE DATABASE loaded");
    run({binaries + "pg_restore", "--exit-on-error",
         "--dbname=" + postgres.conninfo("loaded"), dump});
    must(db, "ALTER DATABASE loaded IS_TEMPLATE true");
  }

  /// A copy of it that is to be adopted, with changes that were captured since
  /// it was loaded. The daemon is not running.
  void copy(const std::string& name) {
    must(db, "CREATE DATABASE " + name + " TEMPLATE loaded");
    must(db, "ALTER DATABASE " + name + " SET pg_trickle.nats_url = '"
               + the_installation().nats.url() + "'");
    shop inside(postgres, name);
    must(inside.db, "DELETE FROM sale WHERE id % 13 = 0");
  }

  /// Whether the transaction that adopts `name` has begun.
  bool adopts(const std::string& name) {
    return db.run("SELECT count(*) > 0 FROM pg_locks l JOIN pg_database d ON "
                  "d.oid = l.database WHERE d.datname = '"
                  + name + "' AND l.mode = 'AccessExclusiveLock' AND l.granted")
             .value()
           == "t";
  }

  bool is_adopted(const std::string& name) const {
    return session(postgres.conninfo(name))
             .run("SELECT pgtrickle._is_restored()")
             .value()
           == "f";
  }
};

/// What an adoption should have taken away, or made once.
std::string left_over(shop& copy) {
  return copy.db
    .run("SELECT concat_ws(' ', (SELECT string_agg(relname, ' ') FROM pg_class "
         "WHERE relnamespace = 'pgtrickle_changes'::regnamespace AND relname "
         "LIKE 'restored%'), (SELECT string_agg(tgname, ' ') FROM pg_trigger "
         "WHERE tgfoid = 'pgtrickle._capture'::regproc AND split_part(tgname, "
         "'_', 3)::oid NOT IN (SELECT source_relid FROM "
         "pgtrickle.pgt_dependencies)))")
    .value();
}

} // namespace

TEST_CASE("a daemon killed at random moments while it adopts dumps loses and "
          "doubles nothing") {
  auto& all = the_installation();
  all.repair();
  shop::create(all.postgres, all.nats);
  shop original(all.postgres);
  original.change();
  const auto began = original.now();
  target there;

  there.copy("whole");
  there.daemon.start();
  REQUIRE(eventually(20s, [&] { return there.adopts("whole"); }));
  const auto start = std::chrono::steady_clock::now();
  REQUIRE(eventually(20s, [&] { return there.is_adopted("whole"); }));
  const auto takes = std::chrono::duration_cast<std::chrono::milliseconds>(
    std::chrono::steady_clock::now() - start);
  there.daemon.kill();

  std::vector<std::string> names;
  std::mt19937 random{seed};
  int caught = 0;
  while (caught < 10 && names.size() < 16) {
    names.push_back("shop" + std::to_string(names.size()));
    there.copy(names.back());
    there.daemon.start();
    REQUIRE(eventually(20s, [&] { return there.adopts(names.back()); }));
    const std::chrono::milliseconds moment{random() % takes.count()};
    CHECK(throughout(moment, [&] { return there.daemon.running(); }));
    there.daemon.kill();
    REQUIRE(eventually(10s, [&] { return !there.adopts(names.back()); }));
    caught += there.is_adopted(names.back()) ? 0 : 1;
  }
  there.daemon.start();
  CHECK(caught >= 10);

  names.emplace_back("whole");
  for (const auto& name : names) {
    CAPTURE(name);
    CHECK(eventually(30s, [&] { return there.is_adopted(name); }));
    shop copy(there.postgres, name);
    copy.change();
    CHECK(copy.comes_right());
    CHECK(copy.full_refreshes_since(began) == "none");
    CHECK(left_over(copy) == "");
  }
  auto last = all.connect("postgres", "postgres");
  must(last, "DROP DATABASE shop WITH (FORCE)");
}

} // namespace pgtrickle::test
