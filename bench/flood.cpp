// Does a flood over HTTP slow refreshes, cost memory, or keep a scrape waiting?
//
// A stream table is refreshed after each change of its source, by calls one
// after the other: so many while all is quiet, then as many while 500 clients
// send a byte a second and others send nonsense as fast as it is refused; and
// so on in turns. The flood is a process of the lowest priority: who attacks
// brings a processor along.

#include "bench/flood/http_flood.hpp"
#include "bench/measure.hpp"
#include "bench/text_table.hpp"
#include "test/support/child_process.hpp"
#include "test/support/contents.hpp"
#include "test/support/eventually.hpp"
#include "test/support/private_daemon.hpp"
#include "test/support/private_nats.hpp"
#include "test/support/private_postgres.hpp"
#include "test/support/session.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <optional>
#include <thread>

using namespace pgtrickle;
using namespace pgtrickle::bench;
using namespace std::chrono_literals;

namespace {

constexpr auto between_scrapes = 100ms;

struct options {
  long requests = 100'000;
  int slow = 500;
  int refreshes = 300;
  /// Not 0: this process is the flood, of that port.
  std::uint16_t attacked = 0;
};

// -- the flood, in a process of its own ---------------------------------------

/// Until it gets SIGTERM; then it prints how many requests were refused.
void attack(const options& wanted) {
  leave_the_processor_to_others();
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  http_flood flood{wanted.attacked, wanted.slow};
  int received = 0;
  ::sigwait(&ends, &received);
  std::cout << flood.end() << std::endl;
}

class attacker {
public:
  attacker(std::uint16_t port, int slow)
    : process_{{std::filesystem::read_symlink("/proc/self/exe"), "--slow",
                std::to_string(slow), "--attack", std::to_string(port)},
               log_,
               SIGKILL} {}

  long end() {
    process_.signal(SIGTERM);
    if (process_.wait() != 0)
      give_up("the flood failed: " + test::contents(log_));
    return std::stol(test::contents(log_));
  }

private:
  test::private_directory dir_;
  std::filesystem::path log_ = dir_.path() / "log";
  test::child_process process_;
};

/// Scrapes now and then, as long as it is there.
class scraper {
public:
  explicit scraper(std::uint16_t port)
    : thread_{[this, port] {
        while (!is_over_) {
          taken_.push_back(timed_ms([&] {
            if (!is_scraped(port))
              give_up("a scrape was not answered");
          }));
          std::this_thread::sleep_for(between_scrapes);
        }
      }} {}
  scraper(const scraper&) = delete;
  scraper& operator=(const scraper&) = delete;
  ~scraper() { static_cast<void>(end()); }

  /// Milliseconds of each scrape.
  std::vector<double> end() {
    is_over_ = true;
    if (thread_.joinable())
      thread_.join();
    return taken_;
  }

private:
  std::atomic<bool> is_over_ = false;
  std::vector<double> taken_;
  std::thread thread_;
};

// -- what it is done to -------------------------------------------------------

/// A daemon with one stream table, and a client that has it refreshed.
class served {
public:
  served() {
    daemon_.start();
    test::session root(server_.conninfo());
    test::must(root, "CREATE DATABASE app");
    test::must(root, "ALTER DATABASE app SET pg_trickle.nats_url = '"
                       + nats_.url() + "'");
    client_.emplace(server_.conninfo("app"));
    test::must(*client_, R"sql(
      CREATE EXTENSION pg_trickle;
      CREATE TABLE sales (id int PRIMARY KEY, shop int, amount bigint);
      INSERT INTO sales SELECT i, i % 100, i FROM generate_series(1, 10000) i;
    )sql");
    if (!test::eventually(60s, [&] {
          return client_->run("SELECT pgtrickle.ping()").sqlstate.empty();
        }))
      give_up("no daemon serves the database: " + daemon_.log());
    test::must(*client_, "SELECT pgtrickle.create_stream_table('revenue', "
                         "'SELECT shop, sum(amount) AS amount FROM sales "
                         "GROUP BY 1', '1h')");
  }

  /// How long each of so many refreshes took, in milliseconds.
  std::vector<double> refreshes(int times) {
    std::vector<double> taken;
    for (int i = 0; i < times; ++i) {
      test::must(*client_, fmt::format("UPDATE sales SET amount = amount + 1 "
                                       "WHERE id = {}",
                                       1 + i % 10'000));
      taken.push_back(timed_ms([&] {
        test::must(*client_,
                   "SELECT pgtrickle.refresh_stream_table('revenue')");
      }));
    }
    return taken;
  }

  [[nodiscard]] long resident_kb() const { return daemon_.resident_kb(); }
  [[nodiscard]] std::uint16_t port() const { return port_; }

private:
  std::uint16_t port_ = test::free_port();
  test::private_postgres server_;
  test::private_nats nats_;
  test::private_daemon daemon_{server_.conninfo(),
                               nats_.url(),
                               "bench",
                               {fmt::format("--http=127.0.0.1:{}", port_)}};
  std::optional<test::session> client_;
};

struct measured {
  std::vector<double> quiet;
  std::vector<double> flooded;
  std::vector<double> scrapes;
  long refused = 0;
  long resident_before = 0;
  long resident_after = 0;
};

void add(std::vector<double>& to, const std::vector<double>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

measured measure(served& daemon, const options& wanted) {
  measured all;
  const auto round = [&](measured& into) {
    add(into.quiet, daemon.refreshes(wanted.refreshes));
    attacker flood{daemon.port(), wanted.slow};
    scraper scrapes{daemon.port()};
    add(into.flooded, daemon.refreshes(wanted.refreshes));
    add(into.scrapes, scrapes.end());
    into.refused += flood.end();
  };
  // What threads and sessions need once is not the flood's.
  measured warm_up;
  round(warm_up);
  round(warm_up);
  all.resident_before = daemon.resident_kb();
  while (all.refused < wanted.requests)
    round(all);
  all.resident_after = daemon.resident_kb();
  return all;
}

bool print(const options& wanted, const measured& all) {
  text_table table{{"what", "figure", "bar", ""}};
  bool all_kept = true;
  const auto check = [&](const std::string& what, const std::string& figure,
                         const std::string& bar, bool kept) {
    table.add({what, figure, bar, kept ? "kept" : "MISSED"});
    all_kept = all_kept && kept;
  };
  table.add(
    {"senseless requests that were refused", grouped(all.refused), "", ""});
  table.add(
    {"slow connections at any time", std::to_string(wanted.slow), "", ""});
  table.add({"refreshes, p50 while all is quiet and in the flood",
             fmt::format("{} ms, {} ms", ms_text(median(all.quiet)),
                         ms_text(median(all.flooded))),
             "", ""});
  const auto quiet = quantile(all.quiet, 0.99);
  const auto flooded = quantile(all.flooded, 0.99);
  check("refreshes, p99 while all is quiet and in the flood",
        fmt::format("{} ms, {} ms, {:.2f}x", ms_text(quiet), ms_text(flooded),
                    flooded / quiet),
        "<= 1.2x", flooded <= 1.2 * quiet);
  const auto slowest = quantile(all.scrapes, 1);
  check(fmt::format("slowest of {} scrapes in the flood", all.scrapes.size()),
        fmt::format("{} ms", ms_text(slowest)), "<= 1 s", slowest <= 1000);
  const auto growth = static_cast<double>(all.resident_after)
                      / static_cast<double>(all.resident_before);
  check("the daemon's memory before and after",
        fmt::format("{} MB, {} MB, {:.3f}x", all.resident_before / 1024,
                    all.resident_after / 1024, growth),
        "<= 1.05x", growth <= 1.05);
  table.print(std::cout);
  return all_kept;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Refreshes and scrapes while others flood the HTTP address."};
  options wanted;
  app.add_option("--requests", wanted.requests, "senseless ones (100,000)");
  app.add_option("--slow", wanted.slow, "slow connections (500)");
  app.add_option("--refreshes", wanted.refreshes, "in each turn (300)");
  app.add_option("--attack", wanted.attacked, "for the program itself");
  CLI11_PARSE(app, argc, argv);
  if (wanted.attacked != 0) {
    attack(wanted);
    return 0;
  }
  served daemon;
  return print(wanted, measure(daemon, wanted)) ? 0 : 1;
}
