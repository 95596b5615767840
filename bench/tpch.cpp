// What do the 22 queries of TPC-H cost as stream tables, and what would
// recomputing them cost instead?
//
// All queries are stream tables of one database (DIFFERENTIAL) and materialized
// views beside them. Each round changes a share of the orders as RF1 and RF2
// do, and some columns of the other tables; then every query is refreshed both
// ways, in turns, and compared with its definition.

#include "bench/measure.hpp"
#include "bench/text_table.hpp"
#include "bench/tpch/workload.hpp"
#include "bench/workbench.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <numeric>

using namespace pgtrickle;
using namespace pgtrickle::bench;

namespace {

struct options {
  tpch::scale size;
  std::vector<int> queries;
  std::vector<double> changes{0.001, 0.01};
  int rounds = 5;
  bool check = false;
  server_options server;
  int most_opaque = 22;
};

/// One query and what is known of it.
struct subject {
  int number = 0;
  std::string query;
  std::string table;
  std::string view;
  stream_table_id id{};
  /// Reasons of its recomputed parts.
  std::string opaque;
  /// Not empty: what went wrong first.
  std::string fault;
  /// Milliseconds of each round, by share of changes.
  std::vector<std::vector<double>> refreshed;
  std::vector<std::vector<double>> recomputed;
};

std::vector<subject> subjects(const options& wanted) {
  std::vector<subject> all;
  for (const auto number : wanted.queries) {
    subject one;
    one.number = number;
    one.query = tpch::query(number, wanted.size);
    one.table = fmt::format("q{:02}", number);
    one.view = one.table + "_view";
    one.refreshed.resize(wanted.changes.size());
    one.recomputed.resize(wanted.changes.size());
    all.push_back(std::move(one));
  }
  return all;
}

void create(workbench& db, std::vector<subject>& all, const options& wanted) {
  for (const auto& statements : tpch::setup(wanted.size))
    db.execute(statements);
  db.execute("VACUUM ANALYZE");
  for (auto& one : all) {
    if (!wanted.check)
      db.execute("CREATE MATERIALIZED VIEW " + one.view + " AS " + one.query);
    const auto created = db.try_create(one.table, one.query, "DIFFERENTIAL");
    if (!created) {
      one.fault = created.error().message;
      continue;
    }
    one.id = *created;
    one.opaque = db.explained(one.table, "recomputed_subtrees");
  }
  db.execute("ANALYZE");
  db.execute("CHECKPOINT");
}

/// Refreshes the stream table, and insists on how it is done.
void refresh(workbench& db, subject& one) {
  const auto outcome = db.refresh(std::vector{one.id}).at(0);
  if (outcome.error)
    one.fault = outcome.error->message;
  else if (outcome.action != "DIFFERENTIAL" && outcome.action != "NO_DATA")
    one.fault = "refreshed " + outcome.action + ": " + outcome.reason;
}

void refresh_both(workbench& db, subject& one, int turn, std::size_t share) {
  const auto times
    = in_turns(static_cast<std::size_t>(turn),
               {[&] { refresh(db, one); },
                [&] { db.execute("REFRESH MATERIALIZED VIEW " + one.view); }},
               [&] { db.catch_up(); });
  // The first round only warms caches and sessions.
  if (turn == 0)
    return;
  one.refreshed[share].push_back(times[0]);
  one.recomputed[share].push_back(times[1]);
}

void change(workbench& db, const options& wanted, std::size_t share, int turn) {
  db.execute(fmt::format("SELECT change({}, {})",
                         1 + share * 1000 + static_cast<std::size_t>(turn),
                         wanted.changes[share]));
}

/// After VACUUM PostgreSQL plans everything again: a first change is refreshed
/// before the one that is measured.
void run_round(workbench& db, std::vector<subject>& all, const options& wanted,
               std::size_t share, int turn) {
  db.settle();
  change(db, wanted, share, 2 * turn);
  for (auto& one : all)
    if (one.fault.empty())
      refresh(db, one);
  change(db, wanted, share, 2 * turn + 1);
  for (auto& one : all) {
    if (!one.fault.empty())
      continue;
    if (wanted.check)
      refresh(db, one);
    else
      refresh_both(db, one, turn, share);
  }
  for (auto& one : all)
    if (one.fault.empty() && !db.holds(one.table, one.query))
      one.fault = fmt::format("wrong rows in round {} of {}", turn,
                              percent_text(wanted.changes[share]));
}

double ratio(const subject& one, std::size_t share) {
  return median(one.recomputed[share]) / median(one.refreshed[share]);
}

void print(const std::vector<subject>& all, const options& wanted) {
  std::vector<std::string> heading{"query", "right", "recomputed parts"};
  for (const auto share : wanted.changes)
    for (const auto* what : {"refresh ms", "recompute ms", "ratio"})
      heading.push_back(percent_text(share) + " " + what);
  text_table table{heading};
  for (const auto& one : all) {
    std::vector<std::string> row{fmt::format("Q{}", one.number),
                                 one.fault.empty() ? "yes" : "NO",
                                 one.opaque.empty() ? "none" : "some"};
    for (std::size_t i = 0; i < wanted.changes.size(); ++i) {
      if (one.refreshed[i].empty())
        continue;
      row.push_back(ms_text(median(one.refreshed[i])));
      row.push_back(ms_text(median(one.recomputed[i])));
      row.push_back(ratio_text(ratio(one, i)));
    }
    table.add(row);
  }
  table.print(std::cout);
}

void print_bars(const std::vector<subject>& all, const options& wanted) {
  for (std::size_t i = 0; i < wanted.changes.size(); ++i) {
    const auto few = wanted.changes[i] <= 0.001;
    std::vector<double> ratios;
    for (const auto& one : all)
      if (!one.refreshed[i].empty())
        ratios.push_back(ratio(one, i));
    if (ratios.empty())
      continue;
    const auto share = percent_text(wanted.changes[i]) + " changed, ";
    const auto middle = median(ratios);
    const auto least = quantile(ratios, 0);
    std::cout << bar_text(share + "median ratio", middle,
                          few ? ">= 20" : ">= 5", middle >= (few ? 20 : 5))
              << '\n'
              << bar_text(share + "least ratio", least, few ? "> 1" : ">= 0.9",
                          few ? least > 1 : least >= 0.9)
              << '\n';
  }
}

/// Says what is wrong or recomputed; whether that is within what is allowed.
bool verdict(const std::vector<subject>& all, const options& wanted) {
  int wrong = 0;
  int opaque = 0;
  for (const auto& one : all) {
    if (!one.fault.empty())
      std::cout << fmt::format("Q{} is not right: {}\n", one.number, one.fault);
    if (!one.opaque.empty())
      std::cout << fmt::format("Q{} has recomputed parts: {}\n", one.number,
                               one.opaque);
    wrong += one.fault.empty() ? 0 : 1;
    opaque += one.opaque.empty() ? 0 : 1;
  }
  std::cout << fmt::format("{} of {} right, {} with recomputed parts\n",
                           all.size() - static_cast<std::size_t>(wrong),
                           all.size(), opaque);
  return wrong == 0 && opaque <= wanted.most_opaque;
}

void declare(CLI::App& app, options& wanted) {
  app.add_option("--lineitems", wanted.size.lineitems,
                 "rows of lineitem (600000)");
  app.add_option("--most-words", wanted.size.most_words,
                 "different values of a column of words (all)");
  app.add_option("--queries", wanted.queries, "for example 1,5,9 (all)")
    ->delimiter(',')
    ->check(CLI::Range(1, 22));
  app
    .add_option("--changes", wanted.changes,
                "shares of the orders that change (0.001,0.01)")
    ->delimiter(',');
  app.add_option("--rounds", wanted.rounds,
                 "measured rounds of each share (5)");
  app.add_flag("--check", wanted.check, "only check that all are right");
  declare(app, wanted.server);
  app.add_option("--most-opaque", wanted.most_opaque,
                 "queries that may have recomputed parts (22)");
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"The queries of TPC-H as stream tables, against recomputation."};
  options wanted;
  declare(app, wanted);
  CLI11_PARSE(app, argc, argv);
  if (wanted.queries.empty()) {
    wanted.queries.resize(22);
    std::iota(wanted.queries.begin(), wanted.queries.end(), 1);
  }
  wanted.server.careless = wanted.server.careless || wanted.check;
  workbench db{wanted.server};
  auto all = subjects(wanted);
  create(db, all, wanted);
  for (std::size_t share = 0; share < wanted.changes.size(); ++share)
    for (int turn = 0; turn <= wanted.rounds; ++turn)
      run_round(db, all, wanted, share, turn);
  if (!wanted.check) {
    std::cout << machine(db) << "; " << grouped(wanted.size.lineitems)
              << " rows of lineitem\n\n";
    print(all, wanted);
    print_bars(all, wanted);
  }
  return verdict(all, wanted) ? 0 : 1;
}
