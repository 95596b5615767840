// What does a refresh cost, and what would recomputing cost instead?
//
// A join with aggregates over 1,000,000 rows: nothing changed, 100 rows
// changed, 1 % added, 1 % changed; beside it REFRESH MATERIALIZED VIEW of the
// same query after the same changes. A refresh is timed from the start of its
// transaction to the end of its commit, without the daemon's schedule around
// it.

#include "bench/measure.hpp"
#include "services/engine/refresh.hpp"
#include "services/engine/registration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace pgtrickle;
using bench::or_give_up;

namespace {

constexpr auto defining_query
  = "SELECT p.category, count(*) AS sales, sum(s.amount) AS revenue "
    "FROM sales s JOIN products p ON p.product_id = s.product_id "
    "GROUP BY p.category";

// The same numbers in every run, and no pattern that a change could follow.
constexpr auto schema = R"(
SELECT setseed(0.5);
SET search_path = public;
CREATE TABLE products (product_id int PRIMARY KEY, category int NOT NULL);
CREATE TABLE sales (
  sale_id bigint PRIMARY KEY,
  product_id int NOT NULL REFERENCES products,
  amount numeric(12, 2) NOT NULL
);
INSERT INTO products SELECT n, n % 100 FROM generate_series(1, 10000) n;
INSERT INTO sales
  SELECT n, 1 + floor(random() * 10000), round((random() * 1000)::numeric, 2)
  FROM generate_series(1, 1000000) n;
CREATE INDEX ON sales (product_id);
)";

class workload {
public:
  explicit workload(postgres::session db) : db_(std::move(db)) {}

  void execute(const std::string& statements) {
    or_give_up(db_.exec(statements));
  }

  /// Changes every row whose key has the next remainder modulo `stride`.
  void change_one_in(int stride) {
    execute(fmt::format("UPDATE sales SET amount = amount + 1 "
                        "WHERE sale_id % {} = {}",
                        stride, round_++ % stride));
  }

  void add_rows(int count) {
    execute(fmt::format(
      "INSERT INTO sales SELECT (SELECT max(sale_id) FROM sales) + n, "
      "1 + floor(random() * 10000), round((random() * 1000)::numeric, 2) "
      "FROM generate_series(1, {}) n",
      count));
  }

  /// Of one row in a hundred: 70 % updated, 15 % deleted, and 15 % added.
  void change_1_percent() {
    const auto round = round_++;
    execute(fmt::format("UPDATE sales SET amount = amount + 1 "
                        "WHERE (sale_id + {}) % 1000 < 7",
                        round * 7));
    execute(fmt::format("DELETE FROM sales WHERE (sale_id + {}) % 20000 < 30",
                        500 + round * 30));
    add_rows(1500);
  }

  /// Changes 100 rows, spread over the whole table.
  void change_100_rows() {
    execute(fmt::format("UPDATE sales SET amount = amount + 1 WHERE sale_id IN "
                        "(SELECT n * 9973 + {} FROM generate_series(1, 100) n)",
                        round_++ % 1000));
  }

  postgres::session& db() { return db_; }

private:
  postgres::session db_;
  int round_ = 0;
};

/// Refreshes one stream table, and insists on how it is done.
class refreshes {
public:
  refreshes(postgres::session db, ownership fence, stream_table_id id)
    : session_(std::move(db)), fence_(fence), id_(id) {}

  void run(std::string_view expected_action, engine::initiator by) {
    for (const auto& outcome :
         or_give_up(session_.run({.tables = {id_}, .by = by}, fence_))) {
      if (outcome.error)
        bench::give_up(outcome.error->message);
      if (outcome.action != expected_action)
        bench::give_up(fmt::format("expected {}, but the refresh was {}: {}",
                                   expected_action, outcome.action,
                                   outcome.reason));
    }
  }

  /// What the daemon does every ten seconds.
  void sweep() {
    or_give_up(engine::sweep_change_buffers(session_.db(), fence_));
  }

private:
  engine::refresher_session session_;
  ownership fence_;
  stream_table_id id_;
};

void measure(workload& writer, refreshes& stream_table) {
  constexpr int quick_runs = 101;
  constexpr int slow_runs = 15;
  const auto nothing = [] {};
  const auto idle
    = [&] { stream_table.run("NO_DATA", engine::initiator::manual); };
  const auto refresh
    = [&] { stream_table.run("DIFFERENTIAL", engine::initiator::manual); };
  const auto recompute
    = [&] { writer.execute("REFRESH MATERIALIZED VIEW recomputed"); };
  const auto change_100 = [&] { writer.change_100_rows(); };
  const auto update_1_percent = [&] {
    stream_table.sweep();
    writer.change_one_in(100);
  };

  const auto idle_ms = bench::median_ms(quick_runs, nothing, idle);
  bench::report("refresh with nothing to do", quick_runs, idle_ms, "at most",
                2);
  const auto hundred_ms = bench::median_ms(quick_runs, change_100, refresh);
  bench::report("100 of 1,000,000 rows changed", quick_runs, hundred_ms,
                "at most", 10);
  // In turns, so that both meet the same machine.
  std::vector<double> recomputed;
  const auto changed_ms = bench::median_ms(
    slow_runs,
    [&] {
      stream_table.sweep();
      writer.change_1_percent();
      recomputed.push_back(bench::median_ms(
        1, [] {}, recompute));
    },
    refresh);
  const auto updated_ms
    = bench::median_ms(slow_runs, update_1_percent, refresh);
  const auto added_ms = bench::median_ms(
    slow_runs,
    [&] {
      stream_table.sweep();
      writer.add_rows(10000);
    },
    refresh);
  std::ranges::sort(recomputed);
  const auto full_ms = recomputed[recomputed.size() / 2];
  const auto against_full = [&](std::string_view what, int runs, double ms) {
    bench::report(what, runs, ms, "REFRESH MATERIALIZED VIEW", full_ms);
  };
  against_full("100 of 1,000,000 rows changed", quick_runs, hundred_ms);
  against_full("1 % of 1,000,000 rows changed", slow_runs, changed_ms);
  against_full("1 % of 1,000,000 rows updated", slow_runs, updated_ms);
  against_full("1 % of 1,000,000 rows added", slow_runs, added_ms);
}

} // namespace

int main() {
  // Empty: libpq reads PGHOST, PGPORT, PGUSER and PGDATABASE.
  const postgres::session_options here{.conninfo = ""};
  workload writer{or_give_up(postgres::session::open(here))};
  writer.execute(schema);
  // Autovacuum would run through some of the runs and not through others.
  writer.execute("ALTER TABLE sales SET (autovacuum_enabled = off)");
  writer.execute("VACUUM ANALYZE");
  writer.execute("CHECKPOINT");
  writer.execute(
    fmt::format("CREATE MATERIALIZED VIEW recomputed AS {}", defining_query));

  const ownership fence{
    or_give_up(writer.db().exec("SELECT epoch FROM pgtrickle.pgt_owner"))
      .at(0)
      .at(0)
      .as<std::int64_t>()};
  const caller by{.role = "postgres", .search_path = "public"};
  const auto id
    = or_give_up(engine::create_stream_table(writer.db(), by,
                                             {.name = "revenue",
                                              .query = defining_query,
                                              .refresh_mode = "DIFFERENTIAL"},
                                             fence));
  refreshes stream_table{or_give_up(postgres::session::open(here)), fence, id};
  stream_table.run("FULL", engine::initiator::initial);
  measure(writer, stream_table);
}
