// Does the cost of a refresh follow the change, or the source?
//
// The same number of changed rows in sources of several sizes, refreshed in
// turns.

#include "bench/cells/cell.hpp"
#include "bench/measure.hpp"
#include "bench/text_table.hpp"
#include "bench/workbench.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>

using namespace pgtrickle;
using namespace pgtrickle::bench;

namespace {

struct options {
  std::vector<std::int64_t> sizes{100000, 1000000, 10000000};
  std::vector<std::string> names{"aggregate", "join+aggregate"};
  double changed = 1000;
  server_options server;
  int rounds = 7;
};

struct source {
  std::int64_t rows = 0;
  std::string schema;
  std::vector<stream_table_id> ids;
  /// Milliseconds of each query's rounds.
  std::vector<std::vector<double>> times;
};

std::vector<cell> chosen(const options& wanted) {
  std::vector<cell> result;
  for (const auto& one : cells())
    if (std::ranges::count(wanted.names, one.name) > 0)
      result.push_back(one);
  return result;
}

source create(workbench& db, const std::vector<cell>& queries,
              std::int64_t rows) {
  source created{rows, fmt::format("rows_{}", rows), {}, {}};
  db.use_schema(created.schema);
  db.execute(create_items(rows));
  db.execute("VACUUM ANALYZE item, dim");
  for (std::size_t i = 0; i < queries.size(); ++i)
    created.ids.push_back(
      db.create(fmt::format("st_{}", i), queries[i].query, "DIFFERENTIAL"));
  created.times.resize(queries.size());
  return created;
}

void run_round(workbench& db, std::vector<source>& sources,
               const std::vector<cell>& queries, const options& wanted,
               int turn) {
  const auto change = [&](int seed) {
    for (const auto& one : sources) {
      db.execute("SET search_path = " + one.schema);
      db.execute(change_items(
        one.rows, wanted.changed / static_cast<double>(one.rows), seed));
    }
  };
  // After VACUUM PostgreSQL plans everything again: once before what is
  // measured.
  db.settle();
  change(2 * turn + 1);
  for (const auto& one : sources)
    for (auto id : one.ids)
      db.refresh(id);
  change(2 * turn + 2);
  for (std::size_t query = 0; query < queries.size(); ++query) {
    std::vector<std::function<void()>> refreshes;
    for (auto& one : sources)
      refreshes.emplace_back([&db, id = one.ids[query]] { db.refresh(id); });
    const auto times = in_turns(static_cast<std::size_t>(turn), refreshes);
    for (std::size_t i = 0; turn > 0 && i < sources.size(); ++i)
      sources[i].times[query].push_back(times[i]);
  }
  for (const auto& one : sources) {
    db.execute("SET search_path = " + one.schema);
    for (std::size_t i = 0; i < queries.size(); ++i)
      if (!db.holds(fmt::format("st_{}", i), queries[i].query))
        give_up(queries[i].name + " has wrong rows in " + one.schema);
  }
}

void print(const std::vector<source>& sources,
           const std::vector<cell>& queries) {
  std::vector<std::string> heading{"query"};
  for (const auto& one : sources)
    heading.push_back(grouped(one.rows) + " rows ms");
  heading.emplace_back("growth");
  text_table table{heading};
  double most = 0;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    std::vector<std::string> row{queries[i].name};
    for (const auto& one : sources)
      row.push_back(ms_text(median(one.times[i])));
    const auto growth
      = median(sources.back().times[i]) / median(sources.front().times[i]);
    most = std::max(most, growth);
    row.push_back(ratio_text(growth));
    table.add(row);
  }
  table.print(std::cout);
  std::cout << bar_text("most growth", most, "<= 1.5", most <= 1.5)
            << std::endl;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"The same change in sources of several sizes."};
  options wanted;
  app
    .add_option("--sizes", wanted.sizes,
                "rows of the sources (100000,1000000,10000000)")
    ->delimiter(',');
  app
    .add_option("--queries", wanted.names,
                "of those of cells (aggregate,join+aggregate)")
    ->delimiter(',');
  app.add_option("--changed", wanted.changed, "rows that change (1000)");
  app.add_option("--rounds", wanted.rounds, "measured rounds (7)");
  declare(app, wanted.server);
  CLI11_PARSE(app, argc, argv);
  workbench db{wanted.server};
  const auto queries = chosen(wanted);
  std::vector<source> sources;
  for (const auto rows : wanted.sizes)
    sources.push_back(create(db, queries, rows));
  db.execute("CHECKPOINT");
  for (int turn = 0; turn <= wanted.rounds; ++turn)
    run_round(db, sources, queries, wanted, turn);
  std::cout << machine(db) << "; " << wanted.changed << " rows changed\n\n";
  print(sources, queries);
}
