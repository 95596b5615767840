// Writers that commit late and out of order while refreshes run.

#include "test/engine/property/random_source.hpp"
#include "test/engine/stream_database.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <thread>

using namespace pgtrickle;

namespace {

using namespace std::chrono_literals;

constexpr int writers = 4;
constexpr int changes_of_a_writer = 150;

struct busy : test::stream_database {
  busy() {
    sql(
      "CREATE TABLE account (id int PRIMARY KEY, branch int, balance numeric); "
      "CREATE TABLE movement (account int, amount int, note text); "
      "INSERT INTO account SELECT i, i % 7, i FROM generate_series(1, 200) i; "
      "INSERT INTO movement SELECT 1 + i % 220, i % 50, 'n' || i % 3 FROM "
      "generate_series(1, 800) i");
    for (const auto& [name, query] : tables)
      ids.push_back(create(name, query));
  }

  /// Random changes, some of them in transactions that stay open for a while.
  void write(std::uint64_t seed) {
    test::random_source random{seed};
    pqxx::connection db{conninfo()};
    const auto run = [&](const std::string& statement) {
      pqxx::nontransaction{db}.exec(statement);
    };
    for (int i = 0; i < changes_of_a_writer; ++i) {
      try {
        run("BEGIN");
        for (int n = random.between(1, 3); n > 0; --n) {
          run(change(random));
          if (random.chance(15))
            run("SAVEPOINT a; " + change(random) + "; ROLLBACK TO a");
        }
        if (random.chance(20))
          run(fmt::format("SELECT pg_sleep(0.0{})", random.between(1, 9)));
        run(random.chance(85) ? "COMMIT" : "ROLLBACK");
      } catch (const pqxx::failure&) {
        run("ROLLBACK"); // a deadlock or a duplicate key
      }
    }
  }

  static std::string change(test::random_source& random) {
    const auto id = random.between(1, 260);
    switch (random.between(0, 5)) {
      case 0:
        return fmt::format(
          "INSERT INTO account VALUES ({}, {}, 1.5) ON CONFLICT DO NOTHING", id,
          id % 7);
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
          "UPDATE movement SET amount = amount + 1 WHERE account = {}", id);
      default:
        return fmt::format(
          "DELETE FROM movement WHERE account = {} AND amount % 3 = 0", id);
    }
  }

  /// Refreshes as a scheduler would, each table alone or all together.
  void keep_fresh(const std::atomic<int>& writing) {
    auto db = postgres::session::open({.conninfo = conninfo()});
    REQUIRE(db);
    engine::refresher_session refresher{std::move(*db)};
    std::string last = "0";
    for (std::size_t round = 0; writing > 0; ++round) {
      const auto order
        = round % 3 == 0 ? ids : std::vector{ids[round % ids.size()]};
      const auto outcomes
        = refresher.run({order, engine::initiator::scheduler}, {});
      REQUIRE_MESSAGE(outcomes, outcomes.error().message);
      for (const auto& outcome : *outcomes) {
        CHECK_MESSAGE(!outcome.error,
                      outcome.name << ": " << outcome.error->message);
        const bool differential
          = outcome.action == "DIFFERENTIAL" || outcome.action == "NO_DATA";
        CHECK(differential);
      }
      const auto reached = frontier();
      CHECK(sql("SELECT '" + reached + "'::xid8 >= '" + last + "'::xid8")[0][0]
              .as<bool>());
      last = reached;
    }
  }

  /// Empties parts whenever it may, beneath refreshes and writers.
  void keep_swept(const std::stop_token& stopped) {
    auto db = postgres::session::open({.conninfo = conninfo()});
    while (db && !stopped.stop_requested()) {
      const auto swept
        = engine::sweep_change_buffers(*db, {}, {.worth_emptying = 0});
      if (!swept)
        db = tl::unexpected(swept.error());
      else
        parts_emptied += *swept;
    }
    if (!db)
      sweep_error = db.error().message;
  }

  std::string frontier() {
    return sql("SELECT "
               "min(pg_snapshot_xmin((frontier->>'snapshot')::pg_snapshot)::"
               "text::numeric) "
               "FROM pgtrickle.pgt_stream_tables")[0][0]
      .as<std::string>();
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
        "AS most "
        "FROM account a JOIN movement m ON m.account = a.id GROUP BY a.branch"},
       {"small", "SELECT account, note FROM movement WHERE amount < 25"},
       {"of_small", "SELECT note, count(*) AS n FROM small GROUP BY note"},
       {"mixed", "SELECT b.branch, a.id, b.n FROM by_branch b JOIN account a "
                 "USING (branch) WHERE a.id < 40"}};
  std::vector<stream_table_id> ids;
  std::atomic<std::int64_t> parts_emptied = 0;
  std::string sweep_error;
};

} // namespace

TEST_CASE_FIXTURE(
  busy,
  "no change is lost or counted twice while writers commit out of order") {
  std::jthread sweeper{
    [this](const std::stop_token& stopped) { keep_swept(stopped); }};
  for (std::uint64_t quiet = 1; quiet <= 2; ++quiet) {
    std::atomic<int> writing = writers;
    std::vector<std::jthread> threads;
    for (std::uint64_t i = 0; i < writers; ++i)
      threads.emplace_back([this, &writing, seed = 10 * quiet + i] {
        write(seed);
        --writing;
      });
    keep_fresh(writing);
    threads.clear();
    refresh(ids);
    check_rows();
  }
  sweeper.request_stop();
  sweeper.join();
  CHECK(sweep_error == "");
  CHECK(parts_emptied > 10);
  // Frontiers stand still until something is written: touch every source once.
  sql("INSERT INTO account VALUES (999, 1, 1); INSERT INTO movement VALUES "
      "(999, 1, 'last')");
  refresh(ids);
  sql("DELETE FROM account WHERE id = 999; DELETE FROM movement WHERE account "
      "= 999");
  refresh(ids);
  check_rows();
  REQUIRE(engine::sweep_change_buffers(session(), {}, {.worth_emptying = 0}));
  for (const std::string table : {"account", "movement"}) {
    const auto id
      = sql("SELECT '" + table + "'::regclass::oid")[0][0].as<std::string>();
    CHECK(sql("SELECT FROM pgtrickle_changes.changes_" + id).empty());
  }
  CHECK(sql("SELECT FROM pgtrickle_changes.touched").empty());
  CHECK(
    sql("SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() "
        "AND l.locktype = 'relation' AND a.state <> 'active'")[0][0]
      .as<int>()
    == 0);
  CHECK(sql("SELECT count(*) FROM pg_stat_activity WHERE datname = "
            "current_database() "
            "AND state LIKE 'idle in transaction%'")[0][0]
          .as<int>()
        == 0);
}
