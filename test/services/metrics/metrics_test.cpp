#include "services/metrics/metrics.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <thread>

using namespace pgtrickle;
using namespace pgtrickle::metrics;
using namespace std::chrono_literals;

namespace {

using labels = std::map<std::string, std::string>;

struct fixture {
  std::shared_ptr<prometheus::Registry> registry
    = std::make_shared<prometheus::Registry>();
  node_metrics metrics{registry, {"refresh_stream_table"}, "0.27.0"};

  void use_everything(database_metrics& db) {
    database_figures figures;
    figures.stored.emplace();
    db.figures(figures);
    db.targeted_tables({{stream_table_id{1}, "shop.sums", 5s}});
    db.refresh_took(stream_table_id{1}, 1ms);
    metrics.called("refresh_stream_table", call_outcome::ok, 1ms);
    metrics.http_answered(200);
    metrics.scraped("/metrics", 1ms, true);
    metrics.observe_process(true);
  }

  /// All series of a metric.
  [[nodiscard]] std::vector<prometheus::ClientMetric>
  series(const std::string& name) const {
    for (auto& family : metrics.collect().families)
      if (family.name == name)
        return family.metric;
    return {};
  }

  [[nodiscard]] std::optional<prometheus::ClientMetric>
  find(const std::string& name, const labels& wanted) const {
    for (const auto& metric : series(name)) {
      labels found;
      for (const auto& label : metric.label)
        found[label.name] = label.value;
      if (found == wanted)
        return metric;
    }
    return std::nullopt;
  }
};

const labels shop{{"db_oid", "5"}, {"db_name", "shop"}};

labels shop_with(const std::string& name, const std::string& value) {
  auto all = shop;
  all[name] = value;
  return all;
}

} // namespace

TEST_CASE_FIXTURE(fixture, "what the catalog counts is shown once it is read") {
  const auto db = metrics.database(5, "shop");
  CHECK(series("pgtrickle_refreshes_total").empty());
  database_figures figures;
  figures.refreshes = {{"DIFFERENTIAL", 7}, {"FAILED", 2}, {"INVENTED", 3}};
  figures.alerts = {{"stream_table_suspended", 4}, {"invented", 1}};
  figures.rows_inserted = 9;
  figures.lag_ms = 1500;
  db->figures(figures);
  const auto name = "pgtrickle_refreshes_total";
  CHECK(find(name, shop_with("action", "DIFFERENTIAL"))->counter.value == 7);
  CHECK(find(name, shop_with("action", "FULL"))->counter.value == 0);
  CHECK(find(name, shop_with("action", "other"))->counter.value == 3);
  CHECK(!find(name, shop_with("action", "FAILED")));
  CHECK(find("pgtrickle_refresh_failures_total", shop)->counter.value == 2);
  CHECK(find("pgtrickle_rows_inserted_total", shop)->counter.value == 9);
  CHECK(
    find("pgtrickle_alerts_total", shop_with("event", "other"))->counter.value
    == 1);
  CHECK(find("pgtrickle_worst_lag_seconds", shop)->gauge.value == 1.5);
  CHECK(find("pgtrickle_lag_seconds", shop)->histogram.sample_count == 1);
}

TEST_CASE_FIXTURE(fixture, "what is stored is shown once it could be read") {
  const auto buffers = "pgtrickle_change_buffer_bytes";
  auto db = metrics.database(5, "shop");
  database_figures figures;
  db->figures(figures);
  CHECK(series(buffers).empty());
  figures.stored = {8192, 16'384};
  db->figures(figures);
  // Somebody holds a buffer for himself.
  figures.stored.reset();
  db->figures(figures);
  CHECK(find(buffers, shop)->gauge.value == 8192);
  CHECK(find("pgtrickle_snapshot_bytes", shop)->gauge.value == 16'384);
  db.reset();
  CHECK(series(buffers).empty());
}

TEST_CASE_FIXTURE(fixture, "no counter falls, whatever the catalog says") {
  const auto db = metrics.database(5, "shop");
  database_figures figures;
  for (const auto rows : {5, 9, 3, 10}) {
    figures.rows_inserted = rows;
    db->figures(figures);
    CHECK(find("pgtrickle_rows_inserted_total", shop)->counter.value
          == std::max(rows, rows == 3 ? 9 : rows));
  }
}

TEST_CASE_FIXTURE(fixture, "a counter is never seen without its first value") {
  database_figures figures;
  figures.refreshes = {{"FULL", 1}};
  std::atomic<bool> is_over = false;
  std::thread registrar{[&] {
    for (oid database = 1; database <= 2000; ++database)
      metrics.database(database, "shop")->figures(figures);
    is_over = true;
  }};
  int without = 0;
  while (!is_over)
    for (const auto& shown : series("pgtrickle_refreshes_total"))
      for (const auto& label : shown.label)
        without += label.value == "FULL" && shown.counter.value != 1;
  registrar.join();
  CHECK(without == 0);
}

TEST_CASE_FIXTURE(fixture, "how long refreshes took is shown") {
  const auto db = metrics.database(5, "shop");
  db->refresh_took(stream_table_id{1}, 20ms);
  db->refresh_took(stream_table_id{2}, 1ms);
  const auto duration
    = find("pgtrickle_refresh_duration_seconds", shop)->histogram;
  CHECK(duration.sample_count == 2);
  CHECK(duration.sample_sum == doctest::Approx(0.021));
}

TEST_CASE_FIXTURE(fixture, "those with the shortest target lags are shown") {
  const auto lag = "pgtrickle_stream_table_lag_seconds";
  const auto target = "pgtrickle_stream_table_target_lag_seconds";
  const auto took = "pgtrickle_stream_table_last_refresh_duration_seconds";
  auto db = metrics.database(5, "shop");
  std::vector<targeted_table> tables;
  const auto most = static_cast<int>(database_metrics::most_tables);
  for (int n = 2 * most; n > 0; --n)
    tables.push_back({stream_table_id{n}, std::to_string(n), n * 1s});
  db->targeted_tables(tables);
  CHECK(series(target).size() == database_metrics::most_tables);
  CHECK(find(target, shop_with("stream_table", "7"))->gauge.value == 7);
  CHECK(!find(target, shop_with("stream_table", std::to_string(most + 1))));
  // Nobody knows yet.
  CHECK(series(lag).empty());
  CHECK(series(took).empty());
  database_figures figures;
  figures.lag_ms_of_targeted = {{stream_table_id{7}, 1500}};
  db->figures(figures);
  CHECK(find(lag, shop_with("stream_table", "7"))->gauge.value == 1.5);
  CHECK(find(lag, shop_with("stream_table", "8"))->gauge.value == 0);
  db->refresh_took(stream_table_id{7}, 2s);
  db->refresh_took(stream_table_id{most + 1}, 2s);
  CHECK(find(took, shop_with("stream_table", "7"))->gauge.value == 2);
  CHECK(series(took).size() == 1);
  // One gets a name that another had.
  db->targeted_tables({{stream_table_id{8}, "7", 9s}});
  CHECK(series(target).size() == 1);
  CHECK(find(target, shop_with("stream_table", "7"))->gauge.value == 9);
  CHECK(find(lag, shop_with("stream_table", "7"))->gauge.value == 0);
  CHECK(series(took).empty());
  db.reset();
  CHECK(series(target).empty());
  CHECK(series(lag).empty());
}

TEST_CASE_FIXTURE(fixture, "stream tables are shown by status") {
  const auto db = metrics.database(5, "shop");
  database_figures figures;
  figures.stream_tables = {{"ACTIVE", 3}, {"ERROR", 1}};
  db->figures(figures);
  figures.stream_tables = {{"ACTIVE", 4}};
  db->figures(figures);
  const auto name = "pgtrickle_stream_tables";
  CHECK(find(name, shop_with("status", "ACTIVE"))->gauge.value == 4);
  CHECK(find(name, shop_with("status", "ERROR"))->gauge.value == 0);
}

TEST_CASE_FIXTURE(fixture, "gauges of a database show the last value") {
  const auto db = metrics.database(5, "shop");
  db->workers(2, 7);
  db->up(true);
  db->alert_published();
  CHECK(find("pgtrickle_workers_active", shop)->gauge.value == 2);
  CHECK(find("pgtrickle_workers_queued", shop)->gauge.value == 7);
  CHECK(find("pgtrickle_database_up", shop)->gauge.value == 1);
  CHECK(find("pgtrickle_alerts_published_total", shop)->counter.value == 1);
  db->up(false);
  CHECK(find("pgtrickle_database_up", shop)->gauge.value == 0);
}

TEST_CASE_FIXTURE(fixture, "calls are counted by method and outcome") {
  metrics.called("refresh_stream_table", call_outcome::ok, 3ms);
  metrics.called("refresh_stream_table", call_outcome::failed, 3ms);
  CHECK(find("pgtrickle_calls_total",
             {{"method", "refresh_stream_table"}, {"outcome", "ok"}})
          ->counter.value
        == 1);
  CHECK(find("pgtrickle_call_duration_seconds",
             {{"method", "refresh_stream_table"}})
          ->histogram.sample_count
        == 2);
}

TEST_CASE_FIXTURE(fixture, "invented methods and actions add no series") {
  const auto db = metrics.database(5, "shop");
  database_figures figures;
  db->figures(figures);
  const auto actions = series("pgtrickle_refreshes_total").size();
  const auto events = series("pgtrickle_alerts_total").size();
  for (int i = 0; i < 100; ++i) {
    metrics.called("invented_" + std::to_string(i), call_outcome::rejected,
                   1us);
    figures.refreshes["INVENTED_" + std::to_string(i)] = 1;
    figures.alerts["invented_" + std::to_string(i)] = 1;
    db->figures(figures);
  }
  CHECK(series("pgtrickle_calls_total").size() == 1);
  CHECK(find("pgtrickle_calls_total",
             {{"method", "other"}, {"outcome", "rejected"}})
          ->counter.value
        == 100);
  CHECK(series("pgtrickle_refreshes_total").size() == actions);
  CHECK(series("pgtrickle_alerts_total").size() == events);
}

TEST_CASE_FIXTURE(fixture, "the daemon shows its build and its connection") {
  CHECK(find("pgtrickle_build_info", {{"version", "0.27.0"}})->gauge.value
        == 1);
  CHECK(find("pgtrickle_nats_connected", {})->gauge.value == 0);
  metrics.nats_connected(true);
  CHECK(find("pgtrickle_nats_connected", {})->gauge.value == 1);
}

TEST_CASE_FIXTURE(fixture, "who asks for a database twice gets the same") {
  CHECK(metrics.database(5, "shop") != metrics.database(6, "shop"));
  const auto first = metrics.database(5, "shop");
  CHECK(first == metrics.database(5, "shop"));
}

TEST_CASE_FIXTURE(fixture, "a database that comes back counts anew") {
  const auto since = [&] {
    return metrics.collect().databases_since.at(
      {{"db_oid", "5"}, {"db_name", "shop"}});
  };
  auto db = metrics.database(5, "shop");
  const auto first = since();
  db.reset();
  CHECK(metrics.collect().databases_since.empty());
  db = metrics.database(5, "shop");
  CHECK(since() > first);
  const auto second = since();
  const auto again = metrics.database(5, "shop");
  CHECK(since() == second);
}

TEST_CASE_FIXTURE(fixture, "a database that is let go leaves no series") {
  auto db = metrics.database(5, "shop");
  const auto other = metrics.database(6, "stock");
  db->figures({});
  other->figures({});
  db.reset();
  CHECK(!find("pgtrickle_database_up", shop));
  CHECK(series("pgtrickle_refreshes_total").size()
        == database_metrics::actions.size());
  other->up(true);
  CHECK(series("pgtrickle_database_up").size() == 1);
}

TEST_CASE_FIXTURE(fixture, "threads may share, let go and ask again") {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([this] {
      for (int j = 0; j < 500; ++j)
        metrics.database(5, "shop")->figures({});
    });
  for (auto& thread : threads)
    thread.join();
  CHECK(!find("pgtrickle_database_up", shop));
}

TEST_CASE_FIXTURE(fixture, "every series has the labels that are declared") {
  const auto db = metrics.database(5, "shop");
  use_everything(*db);
  for (const auto& description : metric_descriptions()) {
    const auto name = std::string{description.name};
    CAPTURE(name);
    const std::set<std::string> declared{description.labels.begin(),
                                         description.labels.end()};
    CHECK(!series(name).empty());
    for (const auto& metric : series(name)) {
      std::set<std::string> found;
      for (const auto& label : metric.label)
        found.insert(label.name);
      CHECK(found == declared);
    }
  }
}

TEST_CASE_FIXTURE(fixture, "scrapes and answers over HTTP are counted") {
  metrics.http_answered(404);
  metrics.http_timed_out();
  metrics.scraped("/metrics", 1500ms, true);
  metrics.scraped("/metrics", 2500ms, false);
  const labels page{{"page", "/metrics"}};
  CHECK(find("pgtrickle_http_requests_total", {{"code", "404"}})->counter.value
        == 1);
  CHECK(find("pgtrickle_http_timeouts_total", {})->counter.value == 1);
  CHECK(find("pgtrickle_scrapes_total", page)->counter.value == 2);
  CHECK(find("pgtrickle_scrape_errors_total", page)->counter.value == 1);
  CHECK(find("pgtrickle_scrape_duration_seconds", page)->gauge.value == 2.5);
}

TEST_CASE_FIXTURE(fixture, "counters and only counters end in total") {
  const auto db = metrics.database(5, "shop");
  use_everything(*db);
  CHECK(registry->Collect().size() == metric_descriptions().size());
  for (const auto& description : metric_descriptions()) {
    CAPTURE(std::string{description.name});
    CHECK(description.name.starts_with("pgtrickle_"));
    CHECK(description.name.ends_with("_total")
          == (description.type == "counter"));
    CHECK(description.help.ends_with('.'));
  }
}
