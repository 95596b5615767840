// What a scrape costs a daemon that owns 200 databases with 50 stream tables
// each.
//
// The registry is filled by hand, without PostgreSQL: what a scrape does begins
// there. The scrapes come over HTTP, one after the other.

#include "bench/loopback.hpp"
#include "bench/measure.hpp"
#include "services/http/server.hpp"
#include "services/metrics/exposition.hpp"
#include "services/metrics/metrics.hpp"
#include "services/metrics/process_memory.hpp"

#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <unistd.h>

using namespace pgtrickle;

namespace {

constexpr int databases = 200;
constexpr int stream_tables = 50;
/// Until each thread of the server has the memory that it keeps.
constexpr int warm_up = 1000;
constexpr std::uint16_t port = 10'127;

using held = std::vector<std::shared_ptr<metrics::database_metrics>>;

/// All with a target lag, so that each has series of its own.
std::vector<metrics::targeted_table> targeted() {
  std::vector<metrics::targeted_table> tables;
  for (int n = 0; n < stream_tables; ++n)
    tables.push_back({stream_table_id{n},
                      "shop.stream_table_" + std::to_string(n),
                      std::chrono::seconds{5}});
  return tables;
}

held filled(metrics::node_metrics& node) {
  held all;
  const auto tables = targeted();
  for (unsigned i = 0; i < databases; ++i) {
    auto one = node.database(16'384 + i, "database_" + std::to_string(i));
    database_figures figures;
    figures.refreshes = {{"DIFFERENTIAL", 1'000'000 + i}, {"FULL", 17}};
    figures.rows_inserted = 123'456'789;
    figures.lag_ms = 1234.5;
    figures.stream_tables = {{"ACTIVE", stream_tables}};
    one->figures(figures);
    one->targeted_tables(tables);
    for (int refresh = 0; refresh < 100; ++refresh)
      one->refresh_took(stream_table_id{refresh % stream_tables},
                        std::chrono::microseconds{1000 * refresh});
    all.push_back(std::move(one));
  }
  return all;
}

http::server started(const std::shared_ptr<prometheus::Registry>& registry) {
  http::server_options options;
  options.listen = "127.0.0.1:" + std::to_string(port);
  options.pages["/metrics"] = [registry](const http::request&) {
    return http::response{
      200, metrics::exposition(
             registry->Collect(),
             {metrics::exposition_format::openmetrics,
              [](const std::string&, const prometheus::ClientMetric&) {
                return 1.0;
              }})};
  };
  return bench::or_give_up(http::server::start(std::move(options)));
}

/// The number of bytes that come back.
std::size_t scrape() {
  constexpr std::string_view asked
    = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const int fd = bench::connected(port);
  if (fd < 0 || ::send(fd, asked.data(), asked.size(), MSG_NOSIGNAL) < 0)
    bench::give_up("no connection to the server");
  static std::array<char, 1U << 16U> buffer;
  std::size_t size = 0;
  for (ssize_t n = 0; (n = ::recv(fd, buffer.data(), buffer.size(), 0)) > 0;)
    size += static_cast<std::size_t>(n);
  ::close(fd);
  return size;
}

double megabytes() {
  return static_cast<double>(metrics::resident_memory()) / 1e6;
}

} // namespace

int main(int argc, char** argv) {
  const auto scrapes = argc > 1 ? std::atoi(argv[1]) : 10'000;
  const auto registry = std::make_shared<prometheus::Registry>();
  metrics::node_metrics node{registry, {}, "bench"};
  const auto all = filled(node);
  const auto server = started(registry);
  std::size_t size = 0;
  for (int i = 0; i < warm_up; ++i)
    size = scrape();
  const auto before = megabytes();
  std::vector<double> times;
  for (int i = 0; i < scrapes; ++i)
    times.push_back(bench::timed_ms([] { static_cast<void>(scrape()); }));
  const auto after = megabytes();
  std::printf("%d databases, %d stream tables: %.2f MB a scrape\n", databases,
              databases * stream_tables, static_cast<double>(size) / 1e6);
  std::printf("%d scrapes: p50 %.1f ms, p99 %.1f ms, slowest %.1f ms\n",
              scrapes, bench::quantile(times, 0.5),
              bench::quantile(times, 0.99), bench::quantile(times, 1));
  std::printf("memory: %.1f MB after %d scrapes, %.1f MB after the others\n",
              before, warm_up, after);
}
