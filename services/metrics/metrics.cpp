#include "services/metrics/metrics.hpp"

#include "services/metrics/counted_figures.hpp"
#include "services/metrics/labels.hpp"
#include "services/metrics/process_memory.hpp"
#include "services/metrics/table_series.hpp"

#include <algorithm>

namespace pgtrickle::metrics {

namespace {

using prometheus::Histogram;
using prometheus::Labels;

/// From a refresh with nothing to do to one that recomputes much.
const Histogram::BucketBoundaries refresh_buckets{
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2,
  0.5,   1,     2,     5,    10,   30,   60,  300};
const Histogram::BucketBoundaries call_buckets{
  0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 300};

constexpr std::string_view other = "other";

std::string_view text_of(call_outcome outcome) {
  switch (outcome) {
    case call_outcome::ok:
      return "ok";
    case call_outcome::rejected:
      return "rejected";
    case call_outcome::failed:
      return "failed";
    case call_outcome::expired:
      return "expired";
  }
  return other;
}

double seconds(std::chrono::microseconds duration) {
  return std::chrono::duration<double>{duration}.count();
}

double seconds_since_1970() {
  return std::chrono::duration<double>{
    std::chrono::system_clock::now().time_since_epoch()}
    .count();
}

std::vector<std::string> label_names(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    names.emplace_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 2, list.size()));
  }
  return names;
}

template <class Metric>
constexpr std::string_view type_name;
template <>
constexpr std::string_view type_name<prometheus::Counter> = "counter";
template <>
constexpr std::string_view type_name<prometheus::Gauge> = "gauge";
template <>
constexpr std::string_view type_name<prometheus::Histogram> = "histogram";

/// Of a counter, by the word in its declaration.
namespace begins_with {
constexpr bool daemon = true;
constexpr bool catalog = false;
} // namespace begins_with

families families_of(prometheus::Registry& registry) {
  return {
#define METRIC(type, name, labels, since, help)                                \
  prometheus::Build##type()                                                    \
    .Name("pgtrickle_" #name)                                                  \
    .Help(help)                                                                \
    .Register(registry),
#include "services/metrics/metrics.def"
  };
}

} // namespace

std::span<const metric_description> metric_descriptions() {
  static const std::vector<metric_description> descriptions{
#define METRIC(type, name, labels, since, help)                                \
  {"pgtrickle_" #name, type_name<prometheus::type>, label_names(labels),       \
   begins_with::since, help},
#include "services/metrics/metrics.def"
  };
  return descriptions;
}

std::span<const metric_description> cluster_metric_descriptions() {
  static const std::vector<metric_description> descriptions{
#define CLUSTER_METRIC(type, name, labels, help)                               \
  {"pgtrickle_cluster_" #name, type_name<prometheus::type>,                    \
   label_names(labels), begins_with::catalog, help},
#include "services/metrics/cluster_metrics.def"
  };
  return descriptions;
}

// -- one database
// --------------------------------------------------------------

database_metrics::database_metrics(const families& f, std::mutex& collecting,
                                   oid database, const std::string& name)
  : families_(f),
    collecting_(collecting), labels_{{"db_oid", std::to_string(database)},
                                     {"db_name", name}},
    tables_(std::make_shared<table_series>(f, labels_)) {
  duration_ = &f.refresh_duration_seconds.Add(labels_, refresh_buckets);
  workers_active_ = &f.workers_active.Add(labels_);
  workers_queued_ = &f.workers_queued.Add(labels_);
  scheduler_behind_ = &f.scheduler_behind.Add(labels_);
  up_ = &f.database_up.Add(labels_);
  alerts_published_ = &f.alerts_published_total.Add(labels_);
}

void database_metrics::remove_from(const families& f) {
  if (counted_)
    counted_->remove_from(f);
  tables_->show({});
  f.refresh_duration_seconds.Remove(duration_);
  f.workers_active.Remove(workers_active_);
  f.workers_queued.Remove(workers_queued_);
  f.scheduler_behind.Remove(scheduler_behind_);
  f.database_up.Remove(up_);
  f.alerts_published_total.Remove(alerts_published_);
}

void database_metrics::refresh_took(stream_table_id table,
                                    std::chrono::microseconds duration) {
  duration_->Observe(seconds(duration));
  const std::scoped_lock lock{mutex_, collecting_};
  tables_->refresh_took(table, seconds(duration));
}

void database_metrics::figures(const database_figures& read) {
  // A series is in the registry, and shows 0, before it has its first value.
  const std::scoped_lock lock{mutex_, collecting_};
  if (!counted_)
    counted_ = std::make_shared<counted>(families_, labels_);
  counted_->take(read);
  tables_->lags(read.lag_ms_of_targeted);
}

void database_metrics::targeted_tables(std::vector<targeted_table> tables) {
  const auto shown = std::min(tables.size(), most_tables);
  std::ranges::partial_sort(tables,
                            tables.begin() + static_cast<std::ptrdiff_t>(shown),
                            {}, [](const auto& table) {
                              return std::pair{table.target, table.id};
                            });
  tables.resize(shown);
  const std::scoped_lock lock{mutex_, collecting_};
  tables_->show(tables);
}

void database_metrics::behind(bool is_behind) {
  scheduler_behind_->Set(is_behind ? 1 : 0);
}

void database_metrics::workers(int active, int queued) {
  workers_active_->Set(active);
  workers_queued_->Set(queued);
}

void database_metrics::up(bool is_up) { up_->Set(is_up ? 1 : 0); }

void database_metrics::alert_published() { alerts_published_->Increment(); }

// -- the daemon
// ----------------------------------------------------------------

struct node_metrics::state {
  std::shared_ptr<prometheus::Registry> registry;
  families all;
  std::vector<std::string> methods;
  prometheus::Gauge& connected;
  std::mutex collecting;
  std::mutex mutex;
  struct known_database {
    std::weak_ptr<database_metrics> metrics;
    /// When its series came into the registry.
    double since = seconds_since_1970();
  };
  std::map<Labels, known_database> databases;
};

node_metrics::node_metrics(std::shared_ptr<prometheus::Registry> registry,
                           std::vector<std::string> methods,
                           const std::string& version) {
  const auto all = families_of(*registry);
  state_.reset(new state{std::move(registry),
                         all,
                         std::move(methods),
                         all.nats_connected.Add({}),
                         {},
                         {},
                         {}});
  all.build_info.Add({{"version", version}}).Set(1);
  all.start_timestamp_seconds.Add({}).SetToCurrentTime();
  all.http_timeouts_total.Add({});
}

std::shared_ptr<database_metrics>
node_metrics::database(oid database, const std::string& name) {
  const Labels key{{"db_oid", std::to_string(database)}, {"db_name", name}};
  const std::scoped_lock lock{state_->mutex};
  auto& known = state_->databases[key].metrics;
  if (auto shared = known.lock())
    return shared;
  // Whoever asks for the database again before the last holder's metrics are
  // gone gets the same series, which then must stay.
  const auto release = [s = state_, key](database_metrics* metrics) {
    const std::unique_ptr<database_metrics> owned{metrics};
    const std::scoped_lock release_lock{s->mutex};
    const auto found = s->databases.find(key);
    if (found == s->databases.end() || !found->second.metrics.expired())
      return;
    owned->remove_from(s->all);
    s->databases.erase(found);
  };
  std::shared_ptr<database_metrics> created{
    new database_metrics{state_->all, state_->collecting, database, name},
    release};
  known = created;
  return created;
}

void node_metrics::called(const std::string& method, call_outcome outcome,
                          std::chrono::microseconds duration) {
  const auto& methods = state_->methods;
  const auto is_known
    = std::find(methods.begin(), methods.end(), method) != methods.end();
  const Labels labels{{"method", is_known ? method : std::string{other}}};
  state_->all.calls_total.Add(with(labels, "outcome", text_of(outcome)))
    .Increment();
  state_->all.call_duration_seconds.Add(labels, call_buckets)
    .Observe(seconds(duration));
}

void node_metrics::nats_connected(bool is_connected) {
  state_->connected.Set(is_connected ? 1 : 0);
}

void node_metrics::http_answered(int status) {
  state_->all.http_requests_total.Add({{"code", std::to_string(status)}})
    .Increment();
}

void node_metrics::http_timed_out() {
  state_->all.http_timeouts_total.Add({}).Increment();
}

void node_metrics::scraped(const std::string& page,
                           std::chrono::microseconds duration, bool is_whole) {
  const Labels labels{{"page", page}};
  state_->all.scrapes_total.Add(labels).Increment();
  state_->all.scrape_errors_total.Add(labels).Increment(is_whole ? 0 : 1);
  state_->all.scrape_duration_seconds.Add(labels).Set(seconds(duration));
}

void node_metrics::observe_process(bool reaches_postgres) {
  state_->all.up.Add({}).Set(reaches_postgres ? 1 : 0);
  state_->all.resident_memory_bytes.Add({}).Set(
    static_cast<double>(resident_memory()));
}

node_metrics::collected node_metrics::collect() const {
  const std::scoped_lock lock{state_->mutex, state_->collecting};
  collected all{state_->registry->Collect(), {}};
  for (const auto& [labels, database] : state_->databases)
    all.databases_since[labels] = database.since;
  return all;
}

} // namespace pgtrickle::metrics
