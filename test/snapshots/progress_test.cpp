// What others see of a snapshot or a restore that is under way.

#include "test/snapshots/snapshot_database.hpp"
#include "test/support/eventually.hpp"
#include "test/support/session.hpp"

#include <thread>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

struct observed : test::snapshot_database {
  observed() {
    sql("TRUNCATE sale; INSERT INTO sale (id, item, amount) SELECT i, 'item' "
        "|| i, i FROM generate_series(1, 5200) i");
    create("kept", "SELECT id, item FROM sale");
    // It waits for as long as it is looked at.
    REQUIRE(session().exec("SET lock_timeout = '30s'"));
  }

  /// Does `work` in another thread while `lock` is held by somebody, until
  /// `progress` is what is seen of it.
  template <class Work>
  void sees(const std::string& lock, const std::string& progress, Work work) {
    test::session holder{conninfo()};
    REQUIRE(holder.run("BEGIN; LOCK TABLE " + lock).sqlstate.empty());
    std::thread worker{work};
    std::string seen;
    CHECK_MESSAGE(test::eventually(10s,
                                   [&] {
                                     seen = now();
                                     return seen == progress;
                                   }),
                  seen);
    holder.run("COMMIT");
    worker.join();
    CHECK(now() == "");
  }

  std::string now() {
    return text("SELECT coalesce(string_agg(concat_ws(', ', operation, "
                "relation, stage, rows_done, rows_expected), ' '), '') FROM "
                "pgtrickle.snapshot_progress()");
  }
};

} // namespace

TEST_CASE_FIXTURE(observed, "the progress of a snapshot and of a restore is "
                            "seen while they run, and not afterwards") {
  CHECK(now() == "");
  std::string snapshot;
  sees("pgtrickle.pgt_snapshots IN EXCLUSIVE MODE",
       "snapshot, public.kept, copying rows, 5200, 5200",
       [&] { snapshot = take(); });
  sees("kept IN SHARE ROW EXCLUSIVE MODE",
       "restore, " + snapshot + ", verifying rows, 5200, 5200",
       [&] { restore(snapshot); });
  sql("UPDATE " + snapshot + " SET item = 'x' WHERE id = 1");
  CHECK(not_restored(snapshot).code == errc::snapshot_corrupt);
  CHECK(now() == "");
}
