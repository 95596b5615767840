// What do many databases cost one node, when few of their tables change? And
// does one of them that floods its workers keep the others waiting?
//
// One table in a hundred changes each second. First only these exist, then all:
// what the daemon and PostgreSQL use of a processor may hardly differ. The lag
// of the changing ones is looked at four times a second; then once more while
// one database changes all of its tables without a pause.

#include "bench/measure.hpp"
#include "bench/processor_time.hpp"
#include "bench/text_table.hpp"
#include "test/support/eventually.hpp"
#include "test/support/private_daemon.hpp"
#include "test/support/private_nats.hpp"
#include "test/support/private_postgres.hpp"
#include "test/support/session.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

using namespace pgtrickle;
using namespace pgtrickle::bench;
using namespace std::chrono_literals;

namespace {

using clock_type = std::chrono::steady_clock;

struct options {
  int databases = 50;
  int tables = 50;
  int seconds = 30;
  double target_seconds = 3;
  double changing = 0.01;
};

// -- databases ----------------------------------------------------------------

std::string database_name(int number) { return fmt::format("d{}", number); }

/// A cluster of databases that one daemon serves.
class crowd {
public:
  explicit crowd(const options& wanted)
    : wanted_(wanted), server_(fmt::format("max_connections = {}\nfsync = off\n"
                                           "max_locks_per_transaction = 256\n",
                                           8 * wanted.databases + 50)) {
    daemon_.start();
    test::session db(server_.conninfo());
    const auto pid = db.run("SELECT pg_backend_pid()").value();
    postmaster_ = stat_of(pid).at(1);
  }

  /// Gives database `number` the tables `from` to `to`, exclusive; with the
  /// first it is created.
  void fill(int number, int from, int to) {
    if (from == 0) {
      test::session root(server_.conninfo());
      test::must(root, "CREATE DATABASE " + database_name(number));
      test::must(root,
                 fmt::format("ALTER DATABASE {} SET pg_trickle.nats_url = '{}'",
                             database_name(number), nats_.url()));
      test::session db(conninfo(number));
      test::must(db, "CREATE EXTENSION pg_trickle");
      const auto served = test::eventually(60s, [&] {
        return test::session(conninfo(number))
          .run("SELECT pgtrickle.ping()")
          .sqlstate.empty();
      });
      if (!served)
        give_up("no daemon serves the database: " + daemon_.log());
    }
    test::session db(conninfo(number));
    for (int t = from; t < to; ++t) {
      test::must(
        db, fmt::format("CREATE TABLE s{0} (id int PRIMARY KEY, grp int NOT "
                        "NULL, n bigint NOT NULL); INSERT INTO s{0} SELECT "
                        "i, i % 10, 0 FROM generate_series(1, 100) i",
                        t));
      test::must(
        db, fmt::format("SELECT pgtrickle.create_stream_table('t{0}', "
                        "'SELECT grp, sum(n) AS n, count(*) AS c FROM s{0} "
                        "GROUP BY grp', schedule => '1s')",
                        t));
    }
  }

  /// Seconds of a processor that were used so far.
  [[nodiscard]] double used() const {
    return server_seconds(postmaster_)
           + std::chrono::duration<double>(daemon_.processor_time()).count();
  }

  [[nodiscard]] std::string conninfo(int number) const {
    return server_.conninfo(database_name(number));
  }

  [[nodiscard]] std::string connections() const {
    return test::session(server_.conninfo())
      .run("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE "
           "'pgtrickle %'")
      .value();
  }

private:
  options wanted_;
  test::private_postgres server_;
  test::private_nats nats_;
  test::private_daemon daemon_{server_.conninfo(), nats_.url(), "bench"};
  std::string postmaster_;
};

// -- load ---------------------------------------------------------------------

/// A table that changes each second, and when each change was committed.
struct changing_table {
  explicit changing_table(const std::string& conninfo)
    : writes(conninfo), reads(conninfo) {}

  test::session writes;
  test::session reads;
  std::mutex mutex;
  std::vector<clock_type::time_point> committed;
};

class load {
public:
  load(const crowd& all, int tables) {
    for (int i = 0; i < tables; ++i)
      tables_.push_back(std::make_unique<changing_table>(all.conninfo(i)));
  }

  /// Milliseconds of lag, of every table four times a second.
  std::vector<double> run(std::chrono::seconds length) {
    std::atomic<bool> ends = false;
    std::thread writer{[&] { write(ends); }};
    std::vector<double> lags;
    const auto end = clock_type::now() + length;
    for (auto next = clock_type::now(); next < end; next += 250ms) {
      std::this_thread::sleep_until(next);
      for (auto& table : tables_)
        lags.push_back(lag_of(*table));
    }
    ends = true;
    writer.join();
    return lags;
  }

private:
  void write(const std::atomic<bool>& ends) {
    const auto pause = 1000000us / static_cast<long>(tables_.size());
    auto next = clock_type::now();
    while (!ends)
      for (auto& table : tables_) {
        std::this_thread::sleep_until(next += pause);
        test::must(table->writes, "UPDATE s0 SET n = n + 1 WHERE id = 1");
        const std::lock_guard lock{table->mutex};
        table->committed.push_back(clock_type::now());
      }
  }

  /// How long ago the oldest change was committed that is not to be seen.
  static double lag_of(changing_table& table) {
    const auto seen = std::stoul(
      table.reads.run("SELECT coalesce(sum(n), 0)::bigint FROM t0").value());
    const std::lock_guard lock{table.mutex};
    if (seen >= table.committed.size())
      return 0;
    return std::chrono::duration<double, std::milli>(clock_type::now()
                                                     - table.committed[seen])
      .count();
  }

  std::vector<std::unique_ptr<changing_table>> tables_;
};

/// Changes all tables of a database without a pause.
class flood {
public:
  flood(const std::string& conninfo, int tables)
    : thread_([this, conninfo, tables] {
        test::session db(conninfo);
        while (!ends_)
          for (int t = 0; t < tables && !ends_; ++t)
            test::must(db, fmt::format("UPDATE s{} SET n = n + 1", t));
      }) {}
  flood(const flood&) = delete;
  flood& operator=(const flood&) = delete;
  ~flood() {
    ends_ = true;
    thread_.join();
  }

private:
  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

struct measured {
  std::vector<double> lags;
  /// Per cent of a processor.
  double share = 0;
};

measured measure(const crowd& all, load& changes, const options& wanted) {
  // What began before has come to rest.
  static_cast<void>(changes.run(20s));
  measured result;
  const auto before = all.used();
  const auto ms = timed_ms(
    [&] { result.lags = changes.run(std::chrono::seconds{wanted.seconds}); });
  result.share = 100 * 1000 * (all.used() - before) / ms;
  return result;
}

double within(const std::vector<double>& lags, double most_ms) {
  const auto kept = std::count_if(lags.begin(), lags.end(),
                                  [&](double lag) { return lag <= most_ms; });
  return 100 * static_cast<double>(kept) / static_cast<double>(lags.size());
}

void print(const options& wanted, const measured& alone, const measured& with,
           const measured& flooded) {
  text_table table{{"what", "figure", "bar", ""}};
  const auto add = [&](const std::string& what, const std::string& figure,
                       const std::string& bar, bool kept) {
    table.add({what, figure, bar, kept ? "kept" : "MISSED"});
  };
  const auto share = within(with.lags, 1000 * wanted.target_seconds);
  add(
    fmt::format("samples with a lag of at most {:g} s", wanted.target_seconds),
    fmt::format("{:.2f} %", share), ">= 99.9 %", share >= 99.9);
  table.add({"lag, p50 and p99",
             fmt::format("{:.0f} ms, {:.0f} ms", median(with.lags),
                         quantile(with.lags, 0.99)),
             "", ""});
  table.add({"processor, the changing tables alone",
             fmt::format("{:.1f} %", alone.share), "", ""});
  const auto ratio = with.share / alone.share;
  add("processor, with the idle ones",
      fmt::format("{:.1f} %, {:.2f}x", with.share, ratio), "<= 1.2x",
      ratio <= 1.2);
  const auto slower = quantile(flooded.lags, 0.99) / quantile(with.lags, 0.99);
  add("p99 lag while another database floods",
      fmt::format("{:.0f} ms, {:.2f}x", quantile(flooded.lags, 0.99), slower),
      "<= 1.5x", slower <= 1.5);
  table.print(std::cout);
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Many databases on one node, few of whose tables change."};
  options wanted;
  app.add_option("--databases", wanted.databases, "how many (50)");
  app.add_option("--tables", wanted.tables, "stream tables in each (50)");
  app.add_option("--seconds", wanted.seconds, "of each measurement (30)");
  app.add_option("--target", wanted.target_seconds, "target lag (3)");
  CLI11_PARSE(app, argc, argv);
  const auto changing = std::clamp(
    static_cast<int>(wanted.changing * wanted.databases * wanted.tables), 1,
    wanted.databases - 1);
  crowd all{wanted};
  for (int d = 0; d < changing; ++d)
    all.fill(d, 0, 1);
  load changes{all, changing};
  const auto alone = measure(all, changes, wanted);
  for (int d = 0; d < wanted.databases; ++d)
    all.fill(d, d < changing ? 1 : 0, wanted.tables);
  const auto with = measure(all, changes, wanted);
  std::cout << fmt::format("{} databases with {} stream tables each, {} change "
                           "each second; the daemon has {} connections\n\n",
                           wanted.databases, wanted.tables, changing,
                           all.connections());
  const flood other{all.conninfo(wanted.databases - 1), wanted.tables};
  print(wanted, alone, with, measure(all, changes, wanted));
}
