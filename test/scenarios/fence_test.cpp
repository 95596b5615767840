#include "test/scenarios/slow_refresh.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

TEST_CASE("a daemon whose epoch has passed can't commit") {
  scenario s;
  create_slow_table(s);
  must(s.db, "INSERT INTO pauses VALUES (2)");
  s.db.send("SELECT pgtrickle.refresh_stream_table('slow')");
  REQUIRE(eventually(5s, [&] { return refreshes_slowly(s); }));
  must(s.admin, "UPDATE pgtrickle.pgt_owner SET epoch = epoch + 1,"
                " node = 'another'");
  outcome ended;
  const auto took = duration_of([&] { ended = s.db.result(); });
  CHECK_FALSE(ended.sqlstate.empty());
  CHECK(took < 10'000);
  CHECK(s.db.run("SELECT count(*) FROM slow").value() == "1");
  // It owns the database by its lock, and finds its way back.
  CHECK(eventually(15s, [&] {
    return s.db.run("SELECT pgtrickle.refresh_stream_table('slow')")
      .sqlstate.empty();
  }));
  CHECK(holds(s.admin, "slow"));
  CHECK(s.admin.run("SELECT node FROM pgtrickle.pgt_owner").value() == "first");
}

} // namespace pgtrickle::test
