// How long after its commit is a change to be seen in a stream table, while a
// daemon keeps it as fresh as it can?
//
// One writer commits single-row transactions at a fixed rate; a reader looks at
// the stream table every two milliseconds and notes when each transaction first
// shows. Beside it, what the daemon uses of a processor, then and when nothing
// is written.

#include "bench/measure.hpp"
#include "bench/text_table.hpp"
#include "bench/workbench.hpp"
#include "test/support/eventually.hpp"
#include "test/support/private_daemon.hpp"
#include "test/support/private_nats.hpp"
#include "test/support/session.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <atomic>
#include <thread>

using namespace pgtrickle;
using namespace pgtrickle::bench;
using namespace std::chrono_literals;

namespace {

using clock_type = std::chrono::steady_clock;

struct options {
  std::string schedule = "0s";
  int rate = 500;
  int seconds = 20;
  server_options server;
};

constexpr auto query = "SELECT grp, count(*) AS n, sum(val) AS total "
                       "FROM source GROUP BY grp";

/// A served database with one stream table.
class installation {
public:
  explicit installation(const options& wanted) : bench(wanted.server) {
    bench.execute(fmt::format("ALTER DATABASE bench SET pg_trickle.nats_url = "
                              "'{}'",
                              nats.url()));
    bench.execute("CREATE TABLE source (id bigint PRIMARY KEY, grp int NOT "
                  "NULL, val int NOT NULL)");
    daemon.start();
    const auto served = test::eventually(20s, [&] {
      return test::session(bench.conninfo())
        .run("SELECT pgtrickle.ping()")
        .sqlstate.empty();
    });
    if (!served)
      give_up("no daemon serves the database: " + daemon.log());
    test::session db(bench.conninfo());
    test::must(
      db, fmt::format("SELECT pgtrickle.create_stream_table('fresh', '{}', "
                      "schedule => '{}', refresh_mode => 'DIFFERENTIAL')",
                      query, wanted.schedule));
  }

  workbench bench;
  test::private_nats nats;
  test::private_daemon daemon{bench.conninfo("postgres"), nats.url(), "bench"};
};

/// Commits transaction n, and notes when, until all are written.
class writer {
public:
  writer(const std::string& conninfo, const options& wanted)
    : db_(conninfo), committed_(static_cast<std::size_t>(wanted.rate)
                                * static_cast<std::size_t>(wanted.seconds)),
      pace_(1000000us / wanted.rate) {}

  void run() {
    const auto start = clock_type::now();
    for (std::size_t n = 0; n < committed_.size(); ++n) {
      std::this_thread::sleep_until(start + pace_ * n);
      test::must(
        db_, fmt::format("INSERT INTO source VALUES ({0}, {0} % 100, 1)", n));
      committed_[n] = clock_type::now();
      done_.store(n + 1, std::memory_order_release);
    }
  }

  [[nodiscard]] std::size_t transactions() const { return committed_.size(); }
  [[nodiscard]] std::size_t done() const {
    return done_.load(std::memory_order_acquire);
  }
  [[nodiscard]] clock_type::time_point committed(std::size_t n) const {
    return committed_[n];
  }
  [[nodiscard]] double rate() const {
    return static_cast<double>(committed_.size())
           / std::chrono::duration<double>(committed_.back()
                                           - committed_.front())
               .count();
  }

private:
  test::session db_;
  std::vector<clock_type::time_point> committed_;
  std::atomic<std::size_t> done_{0};
  std::chrono::microseconds pace_;
};

/// Milliseconds from each transaction's commit until it is seen. The stream
/// table counts them, and one writer commits them in order.
std::vector<double> watch(const std::string& conninfo, const writer& source) {
  test::session db(conninfo);
  std::vector<double> delays;
  const auto limit = clock_type::now() + 60s + 4ms * source.transactions();
  while (delays.size() < source.transactions()) {
    const auto asked = clock_type::now();
    if (asked > limit)
      give_up(fmt::format("only {} of {} transactions are to be seen",
                          delays.size(), source.transactions()));
    const auto seen
      = std::stoul(db.run("SELECT coalesce(sum(n), 0) FROM fresh").value());
    const auto now = clock_type::now();
    // The writer may not have noted yet a commit that shows already.
    while (delays.size() < std::min<std::size_t>(seen, source.done()))
      delays.push_back(std::chrono::duration<double, std::milli>(
                         now - source.committed(delays.size()))
                         .count());
    std::this_thread::sleep_until(asked + 2ms);
  }
  return delays;
}

/// Per cent of one processor that the daemon used during `action`.
double daemon_share(const test::private_daemon& daemon,
                    const std::function<void()>& action) {
  const auto before = daemon.processor_time();
  const auto ms = timed_ms(action);
  return 100 * static_cast<double>((daemon.processor_time() - before).count())
         / ms;
}

void print(const options& wanted, const writer& source,
           const std::vector<double>& delays, double busy, double quiet) {
  text_table table{{"what", "figure", "bar", ""}};
  const auto add = [&](const std::string& what, double figure, double most,
                       const std::string& unit) {
    table.add({what, fmt::format("{:.1f} {}", figure, unit),
               fmt::format("<= {:g} {}", most, unit),
               figure <= most ? "kept" : "MISSED"});
  };
  std::cout << fmt::format("schedule {}, {:.0f} transactions a second, {} in "
                           "all\n\n",
                           wanted.schedule, source.rate(),
                           source.transactions());
  add("commit to visible, p50", median(delays), 25, "ms");
  add("commit to visible, p99", quantile(delays, 0.99), 100, "ms");
  add("daemon's share of a processor", busy, 25, "%");
  add("the same when the source is quiet", quiet, 1, "%");
  table.print(std::cout);
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"From the commit of a change to its being seen."};
  options wanted;
  app.add_option("--schedule", wanted.schedule,
                 "schedule of the stream table (0s)");
  app.add_option("--rate", wanted.rate, "transactions a second (500)");
  app.add_option("--seconds", wanted.seconds, "how long to write (20)");
  declare(app, wanted.server);
  CLI11_PARSE(app, argc, argv);
  installation all{wanted};
  writer source{all.bench.conninfo(), wanted};
  std::vector<double> delays;
  const auto busy = daemon_share(all.daemon, [&] {
    std::thread writes{[&] { source.run(); }};
    delays = watch(all.bench.conninfo(), source);
    writes.join();
  });
  if (!all.bench.holds("fresh", query))
    give_up("the stream table has wrong rows");
  const auto quiet
    = daemon_share(all.daemon, [] { std::this_thread::sleep_for(10s); });
  std::cout << machine(all.bench) << "; ";
  print(wanted, source, delays, busy, quiet);
}
