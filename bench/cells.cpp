// What does a refresh cost beside the full one, and beside a delta that was
// written by hand for that one query? Does AUTO choose well?
//
// Five queries, over sources of several sizes, with several shares of them
// changed; after the same changes all ways are timed in turns, each in its own
// table, and each is compared with the query.

#include "bench/cells/cell.hpp"
#include "bench/measure.hpp"
#include "bench/text_table.hpp"
#include "bench/workbench.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

using namespace pgtrickle;
using namespace pgtrickle::bench;

namespace {

struct options {
  std::vector<std::int64_t> sizes{100000, 1000000};
  std::vector<double> shares{0.001, 0.01, 0.1, 0.5};
  std::vector<std::string> names;
  server_options server;
  int rounds = 5;
  int warm_up = 2;
};

/// The ways to bring a query's rows up to date, and their tables.
enum way : std::size_t { differential, full, automatic, view, hand, ways };
constexpr std::array<const char*, ways> tables{
  "st_differential", "st_full", "st_auto", "recomputed", "by_hand"};

struct measurement {
  const cell* of = nullptr;
  std::int64_t rows = 0;
  double share = 0;
  std::array<double, ways> ms{};
  /// How many of AUTO's refreshes were full.
  int auto_full = 0;

  [[nodiscard]] double over_hand() const { return ms[differential] / ms[hand]; }
  [[nodiscard]] double ratio() const { return ms[view] / ms[differential]; }
  [[nodiscard]] double auto_over_better() const {
    return ms[automatic] / std::min(ms[full], ms[differential]);
  }
  /// What the ratio is to be at least; 0: nothing is said of this cell.
  [[nodiscard]] double least_ratio() const {
    if (rows < 1000000)
      return 0;
    return share <= 0.001 ? 30 : share <= 0.01 ? of->least_ratio : 0;
  }
};

class subject {
public:
  subject(workbench& db, const cell& of, std::int64_t rows)
    : db_(db), of_(of), rows_(rows) {
    static int schemas = 0;
    db.use_schema(fmt::format("cell_{}", ++schemas));
    db.execute(create_items(rows));
    db.execute(create_by_hand(of));
    db.execute(
      fmt::format("CREATE MATERIALIZED VIEW {} AS {}", tables[view], of.query));
    ids_ = {db.create(tables[differential], of.query, "DIFFERENTIAL"),
            db.create(tables[full], of.query, "FULL"),
            db.create(tables[automatic], of.query, "AUTO")};
    db.execute("VACUUM ANALYZE");
    db.execute("CHECKPOINT");
  }

  measurement measure(const options& wanted, double share) {
    std::array<std::vector<double>, ways> times;
    for (int round = -wanted.warm_up; round < wanted.rounds; ++round) {
      if (round <= 0)
        auto_full_ = 0;
      const auto once = run_round(share);
      for (std::size_t i = 0; round >= 0 && i < ways; ++i)
        times[i].push_back(once[i]);
    }
    measurement result{&of_, rows_, share, {}, auto_full_};
    for (std::size_t i = 0; i < ways; ++i)
      result.ms[i] = median(times[i]);
    return result;
  }

  void drop() {
    for (const auto way : {differential, full, automatic})
      db_.drop(tables[way]);
    db_.execute("DROP MATERIALIZED VIEW recomputed; "
                "DROP TABLE item, dim, by_hand, hand_changes, hand_net");
  }

private:
  std::vector<double> refresh_all_ways(double share) {
    db_.execute("TRUNCATE hand_changes");
    db_.execute(change_items(rows_, share, ++turn_));
    return in_turns(
      static_cast<std::size_t>(turn_),
      {[&] { db_.refresh(ids_[differential]); },
       [&] { db_.refresh(ids_[full]); },
       [&] {
         const auto outcome = db_.refresh(ids_[automatic]);
         auto_full_ += outcome.action == "FULL" ? 1 : 0;
       },
       [&] { db_.execute("REFRESH MATERIALIZED VIEW recomputed"); },
       [&] { db_.execute(of_.by_hand); }},
      [&] { db_.catch_up(); });
  }

  std::vector<double> run_round(double share) {
    // After VACUUM PostgreSQL plans everything again: once before what is
    // measured.
    db_.settle();
    (void)refresh_all_ways(share);
    auto times = refresh_all_ways(share);
    for (const auto* table : tables)
      if (!db_.holds(table, of_.query))
        give_up(fmt::format("{} of {} has wrong rows", table, of_.name));
    return times;
  }

  workbench& db_;
  const cell& of_;
  std::int64_t rows_;
  std::vector<stream_table_id> ids_;
  int turn_ = 0;
  int auto_full_ = 0;
};

void print(const std::vector<measurement>& all) {
  text_table table{{"query", "rows", "changed", "refresh ms", "by hand ms",
                    "refresh / by hand", "recompute ms", "recompute / refresh",
                    "bar", "FULL ms", "AUTO ms", "AUTO / better",
                    "AUTO was FULL"}};
  for (const auto& m : all)
    table.add({m.of->name, grouped(m.rows), percent_text(m.share),
               ms_text(m.ms[differential]), ms_text(m.ms[hand]),
               ratio_text(m.over_hand()), ms_text(m.ms[view]),
               ratio_text(m.ratio()),
               m.least_ratio() > 0 ? fmt::format("{:g}x", m.least_ratio()) : "",
               ms_text(m.ms[full]), ms_text(m.ms[automatic]),
               ratio_text(m.auto_over_better()), std::to_string(m.auto_full)});
  table.print(std::cout);
  const auto most = [&](auto figure) {
    double worst = 0;
    for (const auto& m : all)
      worst = std::max(worst, figure(m));
    return worst;
  };
  const auto hand_written = most([](const auto& m) { return m.over_hand(); });
  const auto auto_mode
    = most([](const auto& m) { return m.auto_over_better(); });
  const auto fast = std::ranges::all_of(
    all, [](const auto& m) { return m.ratio() >= m.least_ratio(); });
  std::cout << bar_text("most refresh / by hand", hand_written, "<= 1.3",
                        hand_written <= 1.3)
            << '\n'
            << bar_text("most AUTO / better", auto_mode, "<= 1.1",
                        auto_mode <= 1.1)
            << '\n'
            << "recompute / refresh where there is a bar: "
            << (fast ? "kept" : "MISSED") << std::endl;
}

void declare(CLI::App& app, options& wanted) {
  app
    .add_option("--sizes", wanted.sizes, "rows of the source (100000,1000000)")
    ->delimiter(',');
  app
    .add_option("--changes", wanted.shares,
                "shares of them that change (0.001,0.01,0.1,0.5)")
    ->delimiter(',');
  app.add_option("--queries", wanted.names, "for example scan,join (all)")
    ->delimiter(',');
  app.add_option("--rounds", wanted.rounds, "measured rounds (5)");
  declare(app, wanted.server);
  app.add_option("--warm-up", wanted.warm_up, "rounds before them (2)");
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Refreshes against recomputation and deltas by hand."};
  options wanted;
  declare(app, wanted);
  CLI11_PARSE(app, argc, argv);
  workbench db{wanted.server};
  std::vector<measurement> all;
  for (const auto rows : wanted.sizes)
    for (const auto& query : cells()) {
      if (!wanted.names.empty()
          && std::ranges::count(wanted.names, query.name) == 0)
        continue;
      subject one{db, query, rows};
      for (const auto share : wanted.shares)
        all.push_back(one.measure(wanted, share));
      one.drop();
    }
  std::cout << machine(db) << "\n\n";
  print(all);
}
