// Concurrent writers to the sources of IMMEDIATE stream tables: no
// interleaving loses a row or counts one twice.

#include "test/engine/property/random_source.hpp"
#include "test/engine/stream_database.hpp"
#include "test/support/eventually.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <thread>

using namespace pgtrickle;

namespace {

constexpr int writers = 4;
constexpr int transactions_of_a_writer = 80;

struct bank : test::stream_database {
  bank() {
    sql(
      "CREATE TABLE account (id int PRIMARY KEY, branch int, balance numeric); "
      "CREATE TABLE movement (account int, amount int, note text); "
      "INSERT INTO account SELECT i, i % 7, i FROM generate_series(1, 200) i; "
      "INSERT INTO movement SELECT 1 + i % 220, i % 50, 'n' || i % 3 FROM "
      "generate_series(1, 800) i");
    for (const auto& [name, query] : tables)
      create(name, query, "IMMEDIATE");
  }

  static std::string change(test::random_source& random) {
    const auto id = random.between(1, 260);
    switch (random.between(0, 5)) {
      case 0:
        return fmt::format("INSERT INTO account VALUES ({}, {}, 1.5) ON "
                           "CONFLICT (id) DO UPDATE SET balance = 0",
                           id, id % 7);
      case 1:
        return fmt::format("DELETE FROM account WHERE id = {}", id);
      case 2:
        return fmt::format("UPDATE account SET branch = (branch + 1) % 7, "
                           "balance = balance - 1 WHERE id = {}",
                           id);
      case 3:
        return fmt::format("INSERT INTO movement SELECT {}, g, 'new' FROM "
                           "generate_series(1, {}) g",
                           id, random.between(1, 20));
      case 4:
        return fmt::format(
          "WITH a AS (UPDATE account SET balance = balance + 1 WHERE id = {0}) "
          "UPDATE movement SET amount = amount + 1 WHERE account = {0}",
          id);
      default:
        return fmt::format(
          "DELETE FROM movement WHERE account = {} AND amount % 3 = 0", id);
    }
  }

  /// One transaction, repeated for as long as others are in its way.
  void transact(pqxx::connection& db, std::uint64_t seed) {
    const auto run = [&](const std::string& statement) {
      pqxx::nontransaction{db}.exec(statement);
    };
    for (;;) {
      test::random_source random{seed};
      const bool repeatable = random.chance(50);
      try {
        run(repeatable ? "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1"
                       : "BEGIN");
        for (int n = random.between(1, 4); n > 0; --n) {
          run(change(random));
          if (random.chance(20))
            run("SAVEPOINT a; " + change(random) + "; ROLLBACK TO a");
          if (random.chance(30))
            run("SELECT pg_sleep(0.002)");
        }
        run(random.chance(90) ? "COMMIT" : "ROLLBACK");
        return;
      } catch (const pqxx::serialization_failure&) {
        run("ROLLBACK");
        ++not_serializable;
      } catch (const pqxx::deadlock_detected&) {
        run("ROLLBACK");
        ++deadlocks;
      }
    }
  }

  void write(std::uint64_t seed) {
    pqxx::connection db{conninfo()};
    try {
      for (std::uint64_t i = 0; i < transactions_of_a_writer; ++i)
        transact(db, 1000 * seed + i);
    } catch (const std::exception& e) {
      FAIL_CHECK(std::string{e.what()});
    }
  }

  void check_rows() {
    for (const auto& [name, query] : tables) {
      CAPTURE(name);
      CHECK(difference(name, query) == 0);
    }
  }

  const std::vector<std::pair<std::string, std::string>> tables
    = {{"by_branch",
        "SELECT a.branch, count(*) AS n, sum(m.amount) AS total, max(m.amount) "
        "AS most FROM account a JOIN movement m ON m.account = a.id GROUP BY "
        "a.branch"},
       {"small", "SELECT account, note FROM movement WHERE amount < 25"},
       {"pairs",
        "SELECT a.id, b.id AS other FROM account a JOIN account b ON a.branch "
        "= b.branch AND a.id < b.id AND b.balance < 20"},
       {"of_small", "SELECT note, count(*) AS n FROM small GROUP BY note"},
       {"rich", "SELECT id FROM account a WHERE balance > (SELECT avg(amount) "
                "FROM movement)"}};
  std::atomic<int> not_serializable = 0;
  std::atomic<int> deadlocks = 0;
};

} // namespace

TEST_CASE_FIXTURE(bank, "concurrent writers leave IMMEDIATE stream tables "
                        "right, at any moment and in the end") {
  std::atomic<int> writing = writers;
  std::vector<std::jthread> threads;
  for (std::uint64_t i = 1; i <= writers; ++i)
    threads.emplace_back([this, &writing, i] {
      write(i);
      --writing;
    });
  while (writing > 0) {
    // one snapshot sees sources and stream tables alike
    sql("BEGIN ISOLATION LEVEL REPEATABLE READ");
    check_rows();
    sql("COMMIT");
  }
  threads.clear();
  check_rows();
  MESSAGE("serialization failures: " << not_serializable.load()
                                     << ", deadlocks: " << deadlocks.load());
  for (const auto& row :
       sql("SELECT c.oid::regclass::text FROM pg_class c WHERE relkind = 'r' "
           "AND relpersistence = 'u' AND relnamespace = "
           "'pgtrickle_state'::regnamespace"))
    CHECK(sql("SELECT FROM " + row[0].as<std::string>()).empty());
}

TEST_CASE_FIXTURE(bank, "a writer that waited for another sees what that one "
                        "wrote") {
  pqxx::connection other{conninfo()};
  pqxx::nontransaction first{other};
  first.exec("BEGIN; INSERT INTO account VALUES (501, 3, 1)");
  std::jthread second{[this] {
    // blocked until the first one commits; its statement began before
    sql("INSERT INTO movement VALUES (501, 3, 'paid')");
  }};
  const auto waits = [&] {
    return !first
              .exec("SELECT FROM pg_stat_activity WHERE wait_event_type = "
                    "'Lock' AND datname = current_database()")
              .empty();
  };
  const bool waited = test::eventually(std::chrono::seconds{60}, waits);
  first.exec("COMMIT");
  second.join();
  CHECK(waited);
  check_rows();
}

TEST_CASE_FIXTURE(bank, "an older snapshot that writes gets a serialization "
                        "failure") {
  sql("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM account");
  pqxx::connection other{conninfo()};
  pqxx::nontransaction{other}.exec("INSERT INTO account VALUES (501, 3, 1)");
  CHECK_THROWS_AS(sql("INSERT INTO movement VALUES (501, 3, 'paid')"),
                  pqxx::serialization_failure);
  sql("ROLLBACK");
  check_rows();
}

TEST_CASE_FIXTURE(bank, "a snapshot older than the stream table can't write") {
  sql("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM account");
  const auto late
    = engine::create_stream_table(session(), owner(),
                                  {.name = "late",
                                   .query = "SELECT id FROM account",
                                   .refresh_mode = "IMMEDIATE"},
                                  {});
  REQUIRE_MESSAGE(late, late.error().message);
  CHECK_THROWS_AS(sql("DELETE FROM account WHERE id = 7"),
                  pqxx::serialization_failure);
  sql("ROLLBACK; DELETE FROM account WHERE id = 7");
  CHECK(difference("late", "SELECT id FROM account") == 0);
}

TEST_CASE_FIXTURE(bank, "a stream table that is created beside writers misses "
                        "none of their rows") {
  std::atomic<int> writing = 2;
  std::vector<std::jthread> threads;
  for (std::uint64_t i = 1; i <= 2; ++i)
    threads.emplace_back([this, &writing, i] {
      write(i);
      --writing;
    });
  int made = 0;
  for (; writing > 0; ++made) {
    auto id = try_create("late", tables[0].second, "IMMEDIATE");
    while (!id && writing > 0 // the writers hold its sources for too long
           && (id.error().code == errc::lock_unavailable
               || id.error().code == errc::serialization_failure))
      id = try_create("late", tables[0].second, "IMMEDIATE");
    if (!id)
      continue;
    sql("BEGIN ISOLATION LEVEL REPEATABLE READ");
    CHECK(difference("late", tables[0].second) == 0);
    sql("COMMIT");
    (void)engine::drop_stream_table(session(), owner(), "late", false, {});
  }
  threads.clear();
  check_rows();
}
