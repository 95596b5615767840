// Snapshots that are taken while everything else goes on.
//
// PGTRICKLE_SNAPSHOTS says how many (40).

#include "test/snapshots/snapshot_database.hpp"
#include "test/support/eventually.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <random>
#include <thread>

using namespace pgtrickle;
using test::snapshot_database;
using test::totals;
using namespace std::chrono_literals;

namespace {

const std::string query
  = "SELECT a.id, a.balance, count(*) AS n, sum(m.amount) AS moved, "
    "max(m.amount) AS most FROM account a JOIN movement m ON m.account = a.id "
    "GROUP BY a.id, a.balance";

/// Does `work` again and again, but not while it is held.
class background {
public:
  explicit background(std::function<void()> work)
    : work_(std::move(work)), thread_([this] { run(); }) {}
  ~background() {
    ends_ = true;
    thread_.join();
  }

  [[nodiscard]] std::unique_lock<std::mutex> hold() {
    return std::unique_lock{busy_};
  }
  [[nodiscard]] int turns() const { return turns_; }

private:
  void run() {
    while (!ends_) {
      const std::lock_guard lock{busy_};
      work_();
      ++turns_;
    }
  }

  std::function<void()> work_;
  std::mutex busy_;
  std::atomic<bool> ends_ = false;
  std::atomic<int> turns_ = 0;
  std::thread thread_;
};

int wanted() {
  const auto* text = std::getenv("PGTRICKLE_SNAPSHOTS");
  return text == nullptr ? 40 : std::atoi(text);
}

} // namespace

TEST_CASE_FIXTURE(snapshot_database, "snapshots raced against refreshes and "
                                     "writers restore to what the query is") {
  sql("CREATE TABLE account (id int PRIMARY KEY, balance bigint); INSERT INTO "
      "account SELECT i, 1000 FROM generate_series(0, 49) i; CREATE TABLE "
      "movement (account int, amount int)");
  const auto kept = create("kept", query);
  std::mt19937 random{20261126};
  pqxx::connection writing{conninfo()};
  background writer{[&] {
    pqxx::work tx{writing};
    const auto account = random() % 50;
    tx.exec(fmt::format(
      "UPDATE account SET balance = balance - {1} WHERE id = {0}; INSERT INTO "
      "movement VALUES ({0}, {1}); DELETE FROM movement WHERE account = {0} "
      "AND amount < {2}",
      account, random() % 1000, random() % 1000));
    if (random() % 5 == 0)
      tx.abort();
    else
      tx.commit();
  }};
  background refreshing{[&] {
    // a conflict with a restore is repeated, as the scheduler does
    (void)refresher().run({{kept}, engine::initiator::scheduler}, {});
  }};
  const auto new_session = [&] {
    return engine::refresher_session{
      *postgres::session::open({.conninfo = conninfo()})};
  };
  auto second = new_session();
  for (int i = 0; i < wanted(); ++i) {
    CAPTURE(i);
    if (second.is_worn())
      second = new_session();
    const auto snapshot = take();
    const auto restored
      = snapshots::restore(session(), owner(), "elsewhere", snapshot, {});
    REQUIRE_MESSAGE(restored, restored.error().message);
    CHECK_FALSE(restored->must_refresh);
    CHECK(difference("elsewhere", "TABLE " + snapshot) == 0);
    {
      const auto quiet = writer.hold();
      const auto outcome
        = second.run({{restored->id}, engine::initiator::scheduler}, {});
      REQUIRE_MESSAGE(outcome, outcome.error().message);
      CHECK(outcome->at(0).action != "REINITIALIZE");
      REQUIRE(difference("elsewhere", query) == 0);
    }
    if (i % 10 == 0)
      REQUIRE(snapshots::restore(session(), owner(), "kept", snapshot, {}));
    REQUIRE(
      engine::drop_stream_table(session(), owner(), "elsewhere", false, {}));
    REQUIRE(snapshots::drop(session(), owner(), snapshot, {}));
    if (i % 10 == 0)
      REQUIRE(engine::sweep_change_buffers(session(), {}));
  }
  const auto quiet = writer.hold();
  const auto still = refreshing.hold();
  refresh({kept});
  CHECK(difference("kept", query) == 0);
  CHECK(writer.turns() > wanted());
  CHECK(refreshing.turns() > wanted());
}

TEST_CASE_FIXTURE(snapshot_database, "a restore that waited for somebody began "
                                     "when he was done") {
  create("kept", totals);
  const auto snapshot = take();
  pqxx::connection other{conninfo()};
  pqxx::work holding{other};
  holding.exec("LOCK TABLE kept IN SHARE ROW EXCLUSIVE MODE");
  std::thread restoring{[&] { restore(snapshot); }};
  const auto waits = test::eventually(10s, [&] {
    return holding
      .exec1("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")[0]
      .as<bool>();
  });
  const auto done
    = holding.exec1("SELECT clock_timestamp()")[0].as<std::string>();
  holding.commit();
  restoring.join();
  CHECK(waits);
  CHECK(text("SELECT min(start_time) >= '" + done
             + "' FROM pgtrickle.pgt_refresh_history WHERE action = 'RESTORE'")
        == "t");
}

TEST_CASE_FIXTURE(snapshot_database, "readers don't wait for a restore, and "
                                     "see the old rows until it commits") {
  create("kept", totals);
  const auto snapshot = take();
  sql("UPDATE sale SET amount = amount * 2 WHERE id % 3 = 0");
  refresh({id_of()});
  const std::string content = "SELECT pgtrickle.content_hash(k.*) FROM kept k";
  const auto old = text(content);
  pqxx::connection other{conninfo()};
  pqxx::work holding{other};
  holding.exec("LOCK TABLE pgtrickle.pgt_refresh_history IN EXCLUSIVE MODE");
  std::thread restoring{[&] { restore(snapshot); }};
  CHECK(test::eventually(10s, [&] {
    return text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND "
                "relation = 'pgtrickle.pgt_refresh_history'::regclass)")
           == "t";
  }));
  CHECK(text(content) == old);
  holding.commit();
  restoring.join();
  CHECK(text(content) != old);
  CHECK(text(content)
        == text("SELECT content_hash FROM pgtrickle.list_snapshots('kept')"));
}
