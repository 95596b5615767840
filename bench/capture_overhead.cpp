// What does capture cost a writer?
//
// Four tables alike: without capture; under a stream table that reads three of
// the five columns; under one that reads all of them; with row-level triggers
// in PL/pgSQL that write the same. Single-row statements by pgbench, and
// statements of 100,000 rows, in turns.

#include "bench/measure.hpp"
#include "bench/text_table.hpp"
#include "bench/workbench.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <unistd.h>

using namespace pgtrickle;
using namespace pgtrickle::bench;

namespace {

struct options {
  int rounds = 5;
  int transactions = 2000;
  std::vector<int> clients{1, 4};
  std::int64_t bulk = 100000;
  server_options server;
};

constexpr std::array<const char*, 4> tables{"plain", "three_columns",
                                            "all_columns", "row_triggers"};

constexpr auto create_table = R"(
CREATE TABLE {0} (
  id bigint PRIMARY KEY,
  grp int NOT NULL,
  val numeric(12, 2) NOT NULL,
  changed timestamptz NOT NULL,
  note text NOT NULL);
CREATE SEQUENCE {0}_added START {1} CACHE 1;
CREATE SEQUENCE {0}_removed CACHE 1;
INSERT INTO {0} SELECT n, n % 1000, n % 777, now(), 'note of row ' || n FROM generate_series(1, {1} - 1) n;
)";

constexpr auto row_level_triggers = R"(
CREATE TABLE row_changes (xid xid8, weight smallint, id bigint, grp int, val numeric(12, 2),
  changed timestamptz, note text);
CREATE INDEX ON row_changes (xid);
CREATE FUNCTION capture_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO row_changes VALUES (pg_current_xact_id(), -1, OLD.id, OLD.grp, OLD.val, OLD.changed, OLD.note);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO row_changes VALUES (pg_current_xact_id(), 1, NEW.id, NEW.grp, NEW.val, NEW.changed, NEW.note);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER capture_row AFTER INSERT OR UPDATE OR DELETE ON row_triggers
  FOR EACH ROW EXECUTE FUNCTION capture_row();
)";

/// One kind of statement, with what the bar allows it.
struct statement {
  std::string name;
  /// For pgbench; `{0}` is the table, `{1}` its rows at first.
  std::string single;
  /// `{0}` is the table, `{2}` the first key, `{3}` the last.
  std::string bulk;
  double most_bulk = 0;
};

const std::array<statement, 3> statements{
  statement{"INSERT",
            "INSERT INTO {0} VALUES (nextval('{0}_added'), 5, 10, now(), "
            "'note of a new row');",
            "INSERT INTO {0} SELECT n, n % 1000, n % 777, now(), 'note of row "
            "' || n FROM generate_series({2}, {3}) n",
            1.6},
  statement{"UPDATE",
            "\\set id random({1} / 2, {1} - 1)\n"
            "UPDATE {0} SET val = val + 1 WHERE id = :id;",
            "UPDATE {0} SET val = val + 1 WHERE id BETWEEN {2} AND {3}", 1.8},
  statement{"DELETE",
            "DELETE FROM {0} WHERE id = (SELECT nextval('{0}_removed'));",
            "DELETE FROM {0} WHERE id BETWEEN {2} AND {3}", 2.6}};

/// Runs pgbench with a script; returns its average latency in milliseconds.
double pgbench_ms(const workbench& db, const std::string& script, int clients,
                  const options& wanted) {
  const auto file = fmt::format("/tmp/pgtrickle-bench-{}.sql", getpid());
  std::ofstream(file) << script << '\n';
  const auto command
    = fmt::format("pgbench -n -M prepared -c {} -j {} "
                  "-t {} -f {} '{}' 2>&1",
                  clients, clients, wanted.transactions, file, db.conninfo());
  std::string output;
  std::array<char, 4096> part{};
  auto* pipe = popen(command.c_str(), "r");
  while (std::fgets(part.data(), part.size(), pipe) != nullptr)
    output += part.data();
  const auto status = pclose(pipe);
  std::remove(file.c_str());
  constexpr std::string_view label = "latency average = ";
  const auto at = output.find(label);
  if (status != 0 || at == std::string::npos)
    give_up("pgbench failed: " + output);
  return std::stod(output.substr(at + label.size()));
}

/// A row of the result: milliseconds of each table's runs.
struct line {
  std::string what;
  double most = 0;
  std::array<std::vector<double>, tables.size()> times{};
};

class experiment {
public:
  explicit experiment(options wanted)
    : wanted_(std::move(wanted)), db_(wanted_.server) {
    // Updates choose from the upper half, so deletes may take the lower.
    const auto deleted = std::ranges::max(wanted_.clients) * 2
                         * (wanted_.rounds + 1) * (wanted_.transactions + 100);
    rows_ = std::max<std::int64_t>(200000, 2 * deleted);
    for (const auto* table : tables)
      db_.execute(fmt::format(create_table, table, rows_ + 1));
    ids_ = {db_.create("three",
                       "SELECT grp, count(*) AS n, sum(val) AS total FROM "
                       "three_columns GROUP BY grp",
                       "DIFFERENTIAL"),
            db_.create("every", "SELECT * FROM all_columns", "DIFFERENTIAL")};
    db_.execute(row_level_triggers);
    db_.execute("VACUUM ANALYZE");
    db_.execute("CHECKPOINT");
  }

  void run() {
    for (const auto clients : wanted_.clients)
      for (const auto& one : statements)
        single_rows(one, clients);
    bulk();
  }

  void print() {
    std::cout << machine(db_) << "\n\n";
    text_table table{{"statement", "without ms", "three columns", "all columns",
                      "row-level triggers", "bar", ""}};
    for (const auto& one : lines_) {
      std::vector<std::string> row{one.what, ms_text(median(one.times[0]))};
      for (std::size_t i = 1; i < tables.size(); ++i)
        row.push_back(ratio_text(ratio(one, i)));
      row.push_back(fmt::format("{:g}x", one.most));
      row.emplace_back(ratio(one, 1) <= one.most ? "kept" : "MISSED");
      table.add(row);
    }
    table.print(std::cout);
  }

private:
  static double ratio(const line& one, std::size_t table) {
    return median(one.times[table]) / median(one.times[0]);
  }

  /// One round for every table; the first only warms up.
  void in_rounds(line& result,
                 const std::function<double(const char* table)>& measure) {
    for (int round = 0; round <= wanted_.rounds; ++round) {
      for (std::size_t i = 0; i < tables.size(); ++i) {
        const auto at = (i + static_cast<std::size_t>(round)) % tables.size();
        const auto ms = measure(tables[at]);
        if (round > 0)
          result.times[at].push_back(ms);
      }
    }
  }

  void empty_buffers() {
    for (const auto id : ids_)
      db_.refresh(id);
    db_.settle();
    db_.execute("TRUNCATE row_changes");
  }

  void single_rows(const statement& one, int clients) {
    empty_buffers();
    line result{fmt::format("{} of one row, {} client{}", one.name, clients,
                            clients == 1 ? "" : "s"),
                1.2};
    in_rounds(result, [&](const char* table) {
      return pgbench_ms(db_,
                        fmt::format(fmt::runtime(one.single), table, rows_),
                        clients, wanted_);
    });
    lines_.push_back(std::move(result));
  }

  /// Inserts, updates and deletes the same rows in each round.
  void bulk() {
    const auto first = 10 * rows_;
    const auto last = first + wanted_.bulk - 1;
    std::vector<line> results;
    for (const auto& one : statements)
      results.push_back(
        {fmt::format("{} of {} rows", one.name, grouped(wanted_.bulk)),
         one.most_bulk});
    for (int round = 0; round <= wanted_.rounds; ++round) {
      empty_buffers();
      for (std::size_t i = 0; i < statements.size(); ++i)
        for (std::size_t j = 0; j < tables.size(); ++j) {
          const auto at = (j + static_cast<std::size_t>(round)) % tables.size();
          const auto ms = timed_ms([&] {
            db_.execute(fmt::format(fmt::runtime(statements[i].bulk),
                                    tables[at], rows_, first, last));
          });
          if (round > 0)
            results[i].times[at].push_back(ms);
        }
    }
    lines_.insert(lines_.end(), results.begin(), results.end());
  }

  options wanted_;
  workbench db_;
  std::int64_t rows_ = 0;
  std::vector<stream_table_id> ids_;
  std::vector<line> lines_;
};

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"What capture costs a writer."};
  options wanted;
  app.add_option("--rounds", wanted.rounds, "measured rounds (5)");
  app.add_option("--transactions", wanted.transactions,
                 "single-row transactions of a client in a round (2000)");
  app.add_option("--bulk", wanted.bulk, "rows of a large statement (100000)");
  declare(app, wanted.server);
  CLI11_PARSE(app, argc, argv);
  experiment one{wanted};
  one.run();
  one.print();
}
