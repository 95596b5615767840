#include "services/metrics/cluster_exposition.hpp"

#include "services/metrics/counted_figures.hpp"

#include <algorithm>

namespace pgtrickle::metrics {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

using labels = std::vector<ClientMetric::Label>;

/// The families by the names of their declarations.
struct cluster_families {
#define CLUSTER_METRIC(type, name, labels, help)                               \
  MetricFamily name{"pgtrickle_cluster_" #name, help, MetricType::type, {}};
#include "services/metrics/cluster_metrics.def"

  std::vector<MetricFamily> all() && {
    std::vector<MetricFamily> listed;
#define CLUSTER_METRIC(type, name, labels, help)                               \
  listed.push_back(std::move(name));
#include "services/metrics/cluster_metrics.def"
    return listed;
  }
};

template <class Number>
void set(MetricFamily& family, labels of, Number value) {
  ClientMetric metric;
  metric.label = std::move(of);
  // A family shows the one of its type.
  metric.counter.value = static_cast<double>(value);
  metric.gauge.value = static_cast<double>(value);
  family.metric.push_back(std::move(metric));
}

labels with(labels of, const std::string& name, const std::string& value) {
  of.push_back({name, value});
  return of;
}

double seconds(std::chrono::steady_clock::duration duration) {
  return std::max(0.0, std::chrono::duration<double>{duration}.count());
}

void add_figures(cluster_families& to, const database_figures& figures,
                 const labels& of) {
  for (const auto& [action, times] : refreshes_by_action(figures))
    set(to.refreshes_total, with(of, "action", action), times);
  for (const auto& [event, times] : alerts_by_event(figures))
    set(to.alerts_total, with(of, "event", event), times);
  set(to.refresh_failures_total, of, failed_refreshes(figures));
  set(to.rows_inserted_total, of, figures.rows_inserted);
  set(to.rows_deleted_total, of, figures.rows_deleted);
  set(to.changes_consumed_total, of, figures.changes_consumed);
  set(to.alerts_waiting, of, figures.alerts_waiting);
  set(to.worst_lag_seconds, of, figures.lag_ms / 1000);
  set(to.lag_to_target_ratio, of, figures.lag_share_p95);
  for (const auto& [status, number] : stream_tables_by_status(figures))
    set(to.stream_tables, with(of, "status", status), number);
}

void add(cluster_families& to, const fleet_view::row& row,
         fleet_board::time_point now) {
  const auto& database = row.report.database;
  const labels of{{"db_oid", std::to_string(database.id)},
                  {"db_name", database.name}};
  const auto age = now - row.heard_at;
  set(to.report_age_seconds, of, seconds(age));
  set(to.report_current, of, age < fleet_view::silent_after ? 1 : 0);
  set(to.owner, with(of, "node", row.report.node), 1);
  set(to.owner_epoch, of, database.owner_epoch);
  set(to.workers_active, of, database.workers_active);
  set(to.workers_queued, of, database.workers_queued);
  set(to.worker_quota, of, database.quota);
  add_figures(to, database.figures, of);
}

void add(cluster_families& to, const node_view::node& node,
         fleet_board::time_point now) {
  const labels of{{"node", node.report.node}};
  set(to.node_up, of, node.is_up ? 1 : 0);
  set(to.node_silence_seconds, of, seconds(now - node.heard_at));
  set(to.node_start_timestamp_seconds, of,
      std::chrono::duration<double>{node.report.started_at.time_since_epoch()}
        .count());
  set(to.node_databases, of, node.report.databases.size());
  set(to.node_info, with(of, "version", node.report.version), 1);
}

} // namespace

std::vector<MetricFamily> cluster_metrics(const fleet_board::picture& seen,
                                          fleet_board::time_point now) {
  cluster_families families;
  for (const auto& row : seen.databases)
    add(families, row, now);
  for (const auto& node : seen.nodes)
    add(families, node, now);
  return std::move(families).all();
}

} // namespace pgtrickle::metrics
