#include "services/metrics/metrics.hpp"

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

families families_of(prometheus::Registry& registry) {
  return {
#define METRIC(type, name, labels, help)                                       \
  prometheus::Build##type()                                                    \
    .Name("pgtrickle_" #name)                                                  \
    .Help(help)                                                                \
    .Register(registry),
#include "services/metrics/metrics.def"
  };
}

/// `value` with what goes with it in `labels`.
Labels with(Labels labels, const std::string& name, std::string_view value) {
  labels.emplace(name, value);
  return labels;
}

/// The place of `value`, or of the last: `other`.
template <std::size_t N>
std::size_t place_of(const std::array<std::string_view, N>& values,
                     std::string_view value) {
  const auto found = std::find(values.begin(), values.end(), value);
  return std::min<std::size_t>(static_cast<std::size_t>(found - values.begin()),
                               N - 1);
}

} // namespace

std::span<const metric_description> metric_descriptions() {
  static const std::vector<metric_description> descriptions{
#define METRIC(type, name, labels, help)                                       \
  {"pgtrickle_" #name, type_name<prometheus::type>, label_names(labels), help},
#include "services/metrics/metrics.def"
  };
  return descriptions;
}

// -- one database
// --------------------------------------------------------------

database_metrics::database_metrics(const families& f, oid database,
                                   const std::string& name) {
  const Labels labels{{"db_oid", std::to_string(database)}, {"db_name", name}};
  for (std::size_t i = 0; i < actions.size(); ++i)
    refreshes_[i] = &f.refreshes_total.Add(with(labels, "action", actions[i]));
  failures_ = &f.refresh_failures_total.Add(labels);
  rows_changed_ = &f.rows_changed_total.Add(labels);
  changes_consumed_ = &f.changes_consumed_total.Add(labels);
  duration_ = &f.refresh_duration_seconds.Add(labels, refresh_buckets);
  for (std::size_t i = 0; i < statuses.size(); ++i)
    stream_tables_[i]
      = &f.stream_tables.Add(with(labels, "status", statuses[i]));
  workers_active_ = &f.workers_active.Add(labels);
  workers_queued_ = &f.workers_queued.Add(labels);
  scheduler_behind_ = &f.scheduler_behind.Add(labels);
  up_ = &f.database_up.Add(labels);
  alerts_published_ = &f.alerts_published_total.Add(labels);
}

void database_metrics::remove_from(const families& f) {
  for (auto* counter : refreshes_)
    f.refreshes_total.Remove(counter);
  f.refresh_failures_total.Remove(failures_);
  f.rows_changed_total.Remove(rows_changed_);
  f.changes_consumed_total.Remove(changes_consumed_);
  f.refresh_duration_seconds.Remove(duration_);
  for (auto* gauge : stream_tables_)
    f.stream_tables.Remove(gauge);
  f.workers_active.Remove(workers_active_);
  f.workers_queued.Remove(workers_queued_);
  f.scheduler_behind.Remove(scheduler_behind_);
  f.database_up.Remove(up_);
  f.alerts_published_total.Remove(alerts_published_);
}

void database_metrics::refreshed(const refresh_measure& measure) {
  refreshes_[place_of(actions, measure.action)]->Increment();
  changes_consumed_->Increment(static_cast<double>(measure.changes_consumed));
  rows_changed_->Increment(static_cast<double>(measure.rows_changed));
  duration_->Observe(seconds(measure.duration));
}

void database_metrics::refresh_failed(std::chrono::microseconds duration) {
  failures_->Increment();
  duration_->Observe(seconds(duration));
}

void database_metrics::stream_tables(
  const std::map<std::string, int>& by_status) {
  std::array<int, statuses.size()> counts{};
  for (const auto& [status, count] : by_status)
    counts[place_of(statuses, status)] += count;
  for (std::size_t i = 0; i < statuses.size(); ++i)
    stream_tables_[i]->Set(counts[i]);
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
  std::mutex mutex;
  std::map<Labels, std::weak_ptr<database_metrics>> databases;
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
                         {}});
  all.build_info.Add({{"version", version}}).Set(1);
}

std::shared_ptr<database_metrics>
node_metrics::database(oid database, const std::string& name) {
  const Labels key{{"db_oid", std::to_string(database)}, {"db_name", name}};
  const std::scoped_lock lock{state_->mutex};
  auto& known = state_->databases[key];
  if (auto shared = known.lock())
    return shared;
  // Whoever asks for the database again before the last holder's metrics are
  // gone gets the same series, which then must stay.
  const auto release = [s = state_, key](database_metrics* metrics) {
    const std::unique_ptr<database_metrics> owned{metrics};
    const std::scoped_lock release_lock{s->mutex};
    const auto found = s->databases.find(key);
    if (found == s->databases.end() || !found->second.expired())
      return;
    owned->remove_from(s->all);
    s->databases.erase(found);
  };
  std::shared_ptr<database_metrics> created{
    new database_metrics{state_->all, database, name}, release};
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

const std::shared_ptr<prometheus::Registry>& node_metrics::registry() const {
  return state_->registry;
}

} // namespace pgtrickle::metrics
