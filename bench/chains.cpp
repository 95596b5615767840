// How long does a change need through stream tables that read one another?
//
// A chain, a fan-out and a diamond over one source; one row of it changes, and
// all are refreshed at one snapshot, without the daemon's schedule around it.

#include "bench/measure.hpp"
#include "bench/text_table.hpp"
#include "bench/workbench.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>

using namespace pgtrickle;
using namespace pgtrickle::bench;

namespace {

/// Stream tables in the order of their dependence.
struct shape {
  std::string name;
  double most_ms = 0;
  std::vector<stream_table_id> ids;
  std::vector<std::pair<std::string, std::string>> queries;
  std::vector<double> times;

  void add(workbench& db, const std::string& table, const std::string& query) {
    ids.push_back(db.create(table, query, "DIFFERENTIAL"));
    queries.emplace_back(table, query);
  }
};

shape chain(workbench& db) {
  shape result{"chain of 10", 50, {}, {}, {}};
  std::string below = "source";
  for (int i = 1; i <= 10; ++i) {
    const auto table = fmt::format("chain_{}", i);
    result.add(db, table,
               fmt::format("SELECT id, grp, val + 1 AS val FROM {}", below));
    below = table;
  }
  return result;
}

shape fan_out(workbench& db) {
  shape result{"fan-out of 60", 150, {}, {}, {}};
  for (int i = 1; i <= 60; ++i)
    result.add(db, fmt::format("fan_{}", i),
               fmt::format("SELECT grp, count(*) AS n, sum(val) AS total "
                           "FROM source WHERE val > {} GROUP BY grp",
                           i));
  return result;
}

shape diamond(workbench& db) {
  shape result{"diamond", 30, {}, {}, {}};
  result.add(db, "low", "SELECT id, grp, val FROM source WHERE val < 500");
  result.add(db, "totals",
             "SELECT grp, sum(val) AS total FROM source GROUP BY grp");
  result.add(db, "joined",
             "SELECT l.id, l.val, t.total FROM low l JOIN totals t "
             "ON t.grp = l.grp");
  return result;
}

void run_round(workbench& db, shape& all, int turn) {
  const auto change = [&](int seed) {
    db.execute(fmt::format(
      "UPDATE source SET val = val + 1 WHERE id = 1 + {} % (SELECT count(*) "
      "FROM source)",
      seed * 7919));
  };
  const auto refresh = [&] {
    for (const auto& outcome : db.refresh(all.ids))
      if (outcome.error)
        give_up(outcome.name + ": " + outcome.error->message);
  };
  // After VACUUM PostgreSQL plans everything again: once before what is
  // measured.
  db.settle();
  change(2 * turn);
  refresh();
  change(2 * turn + 1);
  const auto ms = timed_ms(refresh);
  if (turn > 0)
    all.times.push_back(ms);
  for (const auto& [table, query] : all.queries)
    if (!db.holds(table, query))
      give_up(table + " has wrong rows");
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"One changed row through stream tables over stream tables."};
  std::int64_t rows = 20000;
  int rounds = 11;
  server_options server;
  app.add_option("--rows", rows, "rows of the source (20000)");
  app.add_option("--rounds", rounds, "measured rounds (11)");
  declare(app, server);
  CLI11_PARSE(app, argc, argv);
  workbench db{server};
  db.execute(fmt::format(
    "CREATE TABLE source (id bigint PRIMARY KEY, grp int NOT NULL, val int NOT "
    "NULL); INSERT INTO source SELECT n, n / 20, n % 1000 FROM "
    "generate_series(1, {}) n",
    rows));
  db.execute("VACUUM ANALYZE");
  std::vector<shape> shapes{chain(db), fan_out(db), diamond(db)};
  db.execute("CHECKPOINT");
  for (int turn = 0; turn <= rounds; ++turn)
    for (auto& one : shapes)
      run_round(db, one, turn);
  std::cout << machine(db) << "; " << grouped(rows) << " rows, one changed\n\n";
  text_table table{{"shape", "stream tables", "all fresh ms", "bar ms", ""}};
  for (const auto& one : shapes)
    table.add({one.name, std::to_string(one.ids.size()),
               ms_text(median(one.times)), fmt::format("{:g}", one.most_ms),
               median(one.times) <= one.most_ms ? "kept" : "MISSED"});
  table.print(std::cout);
}
