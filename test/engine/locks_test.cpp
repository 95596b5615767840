// A refresh between sessions that hold locks.

#include "services/catalog/stream_table_store.hpp"
#include "services/engine/refresh_history.hpp"
#include "test/engine/stream_database.hpp"
#include "test/support/eventually.hpp"
#include "test/support/session.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

struct contended : test::stream_database {
  contended() {
    sql("CREATE TABLE sale (id int PRIMARY KEY, item text); INSERT INTO sale "
        "SELECT i, 'item' || i % 3 FROM generate_series(1, 9) i; CREATE "
        "FUNCTION slow(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ "
        "BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN $1; END $$");
    id = create("kept", query);
  }

  const std::string query
    = "SELECT slow(item) AS item, count(*) AS n FROM sale GROUP BY 1";
  stream_table_id id{};
  test::session user{conninfo()};
  test::session other{conninfo()};
};

} // namespace

TEST_CASE_FIXTURE(contended, "a refresh gives up on a lock in time, is not "
                             "counted as an error, and nobody waits behind "
                             "it") {
  other.run("INSERT INTO sale VALUES (10, 'x')");
  user.run("BEGIN");
  user.run("LOCK TABLE kept IN ACCESS EXCLUSIVE MODE");
  const auto blocked
    = refresher().run({{id}, engine::initiator::scheduler}, {});
  REQUIRE(!blocked);
  CHECK(blocked.error().code == errc::lock_unavailable);
  CHECK(blocked.error().state() == "55P03");
  CHECK(other.run("SET lock_timeout = 100; SELECT count(*) FROM sale")
          .sqlstate.empty());
  user.run("COMMIT");
  CHECK(other
          .run("SELECT status || consecutive_errors FROM "
               "pgtrickle.pgt_stream_tables")
          .value()
        == "ACTIVE0");
  CHECK(refresh({id}).at(0).action == "DIFFERENTIAL");
  CHECK(difference("kept", query) == 0);
}

TEST_CASE_FIXTURE(contended, "a full refresh blocks neither readers nor "
                             "writers while it runs") {
  for (const std::string state : {"false", "true"}) {
    CAPTURE(state);
    sql("TRUNCATE sale; INSERT INTO sale VALUES (1, 'item1'), (2, 'y'); UPDATE "
        "pgtrickle.pgt_stream_tables SET needs_reinit = "
        + state);
    user.run("SELECT pg_advisory_lock(42)");
    const auto pid = std::to_string(refresher().db().backend_pid());
    REQUIRE(refresher().db().exec("SET lock_timeout = 0"));
    std::jthread refreshing{[&] { (void)refresh({id}); }};
    while (other
             .run("SELECT count(*) FROM pg_locks WHERE pid = " + pid
                  + " AND locktype = 'advisory' AND NOT granted")
             .value()
           != "1")
      std::this_thread::yield();
    CHECK(other
            .run("SELECT string_agg(DISTINCT relation::regclass || ' ' || "
                 "mode, ', ' ORDER BY relation::regclass || ' ' || mode) FROM "
                 "pg_locks WHERE pid = "
                 + pid
                 + " AND relation IN ('sale'::regclass, 'kept'::regclass) AND "
                   "mode NOT IN ('AccessShareLock', 'RowExclusiveLock')")
            .value()
          == "(null)");
    CHECK(other.run("SELECT count(*) FROM kept").sqlstate.empty());
    CHECK(other.run("INSERT INTO sale VALUES (10, 'late')").sqlstate.empty());
    user.run("SELECT pg_advisory_unlock(42)");
    refreshing.join();
    refresh({id});
    CHECK(difference("kept", query) == 0);
  }
}

TEST_CASE_FIXTURE(contended, "of two that compile a stream table at the same "
                             "time one waits for the other") {
  pqxx::connection first(conninfo());
  pqxx::connection second(conninfo());
  pqxx::work holder(first);
  const auto sources = catalog::recorded_sources_of(holder, id);
  catalog::record_sources(holder, id, sources);
  std::string failed;
  std::thread waiter([&] {
    try {
      pqxx::work tx(second);
      catalog::record_sources(tx, id, sources);
      tx.commit();
    } catch (const std::exception& e) {
      failed = e.what();
    }
  });
  const auto waits = [&] {
    return user.run("SELECT count(*) FROM pg_locks WHERE NOT granted").value()
           == "1";
  };
  CHECK(test::eventually(10s, waits));
  holder.commit();
  waiter.join();
  CHECK(failed == "");
}

TEST_CASE_FIXTURE(contended, "a refresh of what was just dropped says so") {
  const auto none = stream_table_id{4711};
  const auto refused
    = engine::open_history(session(), {none}, engine::initiator::manual, {});
  REQUIRE(!refused);
  CHECK(refused.error().code == errc::stream_table_not_found);
  CHECK(refused.error().state() == "42P01");
  CHECK(refused.error().message
        == "another session has just dropped the stream table");
}
