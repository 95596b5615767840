// What do a snapshot, its verification and a restore cost beside the bare
// statements that move the same rows?

#include "services/snapshots/snapshots.hpp"

#include "bench/measure.hpp"
#include "bench/text_table.hpp"
#include "bench/workbench.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

using namespace pgtrickle;
using namespace pgtrickle::bench;

namespace {

struct options {
  std::int64_t rows = 1000000;
  int rounds = 5;
  server_options server;
};

/// Ten columns, about 120 bytes a row.
std::string create_source(std::int64_t rows) {
  return fmt::format(
    "CREATE TABLE source (id bigint PRIMARY KEY, customer int, product int, "
    "amount numeric(12,2), price float8, at timestamptz, day date, state text, "
    "note text, flag boolean); INSERT INTO source SELECT i, i % 10000, i % "
    "999, "
    "i % 100000 / 100.0, i / 7.0, timestamptz '2026-01-01' + i * interval '1 "
    "s', date '2026-01-01' + (i % 365)::int, 'state ' || i % 5, md5(i::text), "
    "i % 2 = 0 FROM generate_series(1, {}) i",
    rows);
}

const std::string query = "SELECT * FROM source";

/// The figures of all rounds, in milliseconds.
struct figures {
  std::vector<double> taken, copied, verified, hashed, restored, inserted;
  double bytes = 0;
};

class subject {
public:
  subject(workbench& db, const options& wanted) : db_(db) {
    db.execute(create_source(wanted.rows));
    db.execute("VACUUM ANALYZE source");
    (void)db.create("kept", query, "DIFFERENTIAL");
    db.execute("ALTER TABLE kept ADD PRIMARY KEY (id)");
    db.execute("VACUUM ANALYZE kept");
    db.execute("CREATE TABLE first_copy AS TABLE kept");
  }

  void run_round(std::size_t turn, figures& all) {
    const auto take = in_turns(
      turn, {[&] {
               snapshot_ = or_give_up(
                 snapshots::take(session(), db_.owner(), "kept", {}, {}));
             },
             [&] { db_.execute("CREATE TABLE copied AS TABLE kept"); }});
    // Hint bits are set by whoever reads first: not by one of the two here.
    db_.execute("VACUUM " + snapshot_);
    db_.execute("VACUUM copied");
    all.bytes = static_cast<double>(db_.number(size_of(snapshot_)))
                / static_cast<double>(db_.number(size_of("copied")));
    const auto verify = in_turns(
      turn, {[&] {
               check(or_give_up(
                 snapshots::verify(session(), db_.owner(), snapshot_)));
             },
             [&] {
               (void)db_.value("SELECT sum(hash_record_extended(c, 0)::"
                               "numeric) FROM copied c");
             }});
    db_.execute("DROP TABLE kept");
    const auto restore = in_turns(
      turn, {[&] {
               (void)or_give_up(snapshots::restore(session(), db_.owner(),
                                                   "kept", snapshot_, {}));
               (void)db_.value("SELECT note FROM kept WHERE id = 77");
             },
             [&] {
               db_.execute(fmt::format(
                 "CREATE TABLE bare (LIKE source); INSERT INTO bare SELECT * "
                 "FROM {}; ALTER TABLE bare ADD PRIMARY KEY (id); ANALYZE bare",
                 snapshot_));
               (void)db_.value("SELECT note FROM bare WHERE id = 77");
             }});
    if (!db_.holds("kept", query))
      give_up("the restored table has wrong rows");
    or_give_up(snapshots::drop(session(), db_.owner(), snapshot_, {}));
    db_.execute("DROP TABLE copied, bare; CHECKPOINT");
    if (turn == 0)
      return;
    all.taken.push_back(take[0]);
    all.copied.push_back(take[1]);
    all.verified.push_back(verify[0]);
    all.hashed.push_back(verify[1]);
    all.restored.push_back(restore[0]);
    all.inserted.push_back(restore[1]);
  }

private:
  static std::string size_of(const std::string& table) {
    return fmt::format("SELECT pg_table_size('{}')", table);
  }

  static void check(const snapshots::verification& found) {
    if (!found.detail.empty())
      give_up("the snapshot is not whole: " + found.detail);
  }

  postgres::session& session() { return db_.session(); }

  workbench& db_;
  std::string snapshot_;
};

void print(const figures& all) {
  text_table table{{"what", "ms", "beside", "ms", "ratio", "bar"}};
  std::vector<std::string> verdicts;
  const auto add = [&](const std::string& what, const std::vector<double>& ms,
                       const std::string& beside,
                       const std::vector<double>& bare, double most) {
    const auto ratio = median(ms) / median(bare);
    table.add({what, ms_text(median(ms)), beside, ms_text(median(bare)),
               ratio_text(ratio), fmt::format("{:g}x", most)});
    verdicts.push_back(
      bar_text(what, ratio, fmt::format("<= {:g}", most), ratio <= most));
  };
  add("snapshot, with hash", all.taken, "CREATE TABLE AS", all.copied, 1.5);
  add("verification", all.verified, "sequential scan that hashes", all.hashed,
      1.5);
  add("restore, to the first query", all.restored,
      "INSERT ... SELECT, then the key", all.inserted, 1.3);
  table.print(std::cout);
  verdicts.push_back(bar_text("bytes of the archival table over plain rows",
                              all.bytes, "<= 1.01", all.bytes <= 1.01));
  verdicts.push_back(bar_text("restore, seconds", median(all.restored) / 1000,
                              "< 5", median(all.restored) < 5000));
  for (const auto& verdict : verdicts)
    std::cout << verdict << '\n';
  std::cout.flush();
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Snapshots against the bare statements."};
  options wanted;
  app.add_option("--rows", wanted.rows, "rows of the stream table (1000000)");
  app.add_option("--rounds", wanted.rounds, "measured rounds (5)");
  declare(app, wanted.server);
  CLI11_PARSE(app, argc, argv);
  workbench db{wanted.server};
  subject one{db, wanted};
  figures all;
  for (int turn = 0; turn <= wanted.rounds; ++turn)
    one.run_round(static_cast<std::size_t>(turn), all);
  std::cout << machine(db) << "; " << wanted.rows << " rows\n\n";
  print(all);
}
