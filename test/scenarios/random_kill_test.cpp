#include "test/scenarios/installation.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <random>
#include <thread>

namespace pgtrickle::test {

namespace {

constexpr unsigned seed = 20'261'123;

/// Writes to both tables without pause until it is destroyed.
class writer {
public:
  explicit writer(session db)
    : thread_([this, db = std::move(db)]() mutable { write(db); }) {}
  ~writer() {
    ends_ = true;
    thread_.join();
  }

private:
  void write(session& db) {
    std::mt19937 random{seed};
    while (!ends_) {
      const auto account = std::to_string(random() % 50);
      const auto amount = std::to_string(random() % 1000);
      db.run("BEGIN; UPDATE accounts SET balance = balance - " + amount
             + " WHERE id = " + account + "; INSERT INTO movements VALUES ("
             + account + ", " + amount + "); "
             + (random() % 10 == 0
                  ? "DELETE FROM movements WHERE account = " + account + "; "
                  : "")
             + (random() % 5 == 0 ? "ROLLBACK" : "COMMIT"));
    }
  }

  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

} // namespace

TEST_CASE(
  "a daemon killed at twenty random moments loses and doubles nothing") {
  scenario s;
  must(s.db, "CREATE TABLE accounts (id int PRIMARY KEY, balance bigint);"
             "INSERT INTO accounts SELECT i, 100000"
             " FROM generate_series(0, 49) i;"
             "CREATE TABLE movements (account int, amount int)");
  const std::vector<std::pair<std::string, std::string>> tables{
    {"totals", "SELECT a.id, a.balance, count(*) AS n, sum(m.amount) AS moved"
               " FROM accounts a JOIN movements m ON m.account = a.id"
               " GROUP BY a.id, a.balance"},
    {"low", "SELECT id FROM accounts WHERE balance < 90000"},
    {"busy", "SELECT id, n FROM totals WHERE n > 3"},
    {"sizes", "SELECT DISTINCT amount % 10 AS size FROM movements"}};
  for (const auto& [name, query] : tables)
    must(s.db, "SELECT pgtrickle.create_stream_table('" + name + "', '" + query
                 + "', '1s')");
  {
    const writer load{s.connect()};
    std::mt19937 random{seed};
    for (int kills = 0; kills < 20; ++kills) {
      const std::chrono::milliseconds moment{random() % 1500};
      CHECK(throughout(moment, [&] { return s.all.daemon.running(); }));
      s.all.daemon.kill();
      s.all.daemon.start();
    }
  }
  CHECK(eventually(20s, [&] { return s.all.serves(); }));
  for (const auto& [name, query] : tables) {
    CAPTURE(name);
    CHECK(comes_true(s.admin, name, 20s));
  }
  // One may be at work; those of killed daemons would stay.
  CHECK(eventually(20s, [&] {
    return s.admin
             .run("SELECT count(*) FROM pgtrickle.pgt_refresh_history"
                  " WHERE status = 'RUNNING'")
             .value()
           == "0";
  }));
  CHECK(s.admin
          .run("SELECT count(*) FROM pgtrickle.pgt_stream_tables"
               " WHERE status <> 'ACTIVE'")
          .value()
        == "0");
}

} // namespace pgtrickle::test
