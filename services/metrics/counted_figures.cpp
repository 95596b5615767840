#include "services/metrics/counted_figures.hpp"

#include "services/core/alerts.hpp"
#include "services/metrics/labels.hpp"

#include <algorithm>

namespace pgtrickle::metrics {

namespace {

using prometheus::Counter;
using prometheus::Histogram;

using counts = std::map<std::string, std::int64_t>;

constexpr auto failed = "FAILED";
constexpr auto other = "other";

const Histogram::BucketBoundaries lag_buckets{
  0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14'400, 86'400};

counts no_alerts() {
  counts none{{other, 0}};
  for (const auto& alert : alert_descriptions())
    none[std::string{alert.name}] = 0;
  return none;
}

template <class Names>
counts none_of(const Names& names) {
  counts none;
  for (const auto name : names)
    none[std::string{name}] = 0;
  return none;
}

counts no_stream_tables() { return none_of(database_metrics::statuses); }

counts no_refreshes() { return none_of(database_metrics::actions); }

counts among(counts known, const counts& counted) {
  for (const auto& [what, times] : counted) {
    const auto found = known.find(what);
    (found == known.end() ? known[other] : found->second) += times;
  }
  return known;
}

/// The catalog's count as it is now: never less than it was, even when
/// PostgreSQL lost the last moments in a crash.
void raise(Counter& counter, std::int64_t count) {
  counter.Increment(
    std::max(0.0, static_cast<double>(count) - counter.Value()));
}

} // namespace

counts refreshes_by_action(const database_figures& figures) {
  auto succeeded = figures.refreshes;
  succeeded.erase(failed);
  return among(no_refreshes(), succeeded);
}

counts alerts_by_event(const database_figures& figures) {
  return among(no_alerts(), figures.alerts);
}

counts stream_tables_by_status(const database_figures& figures) {
  return among(no_stream_tables(), figures.stream_tables);
}

std::int64_t failed_refreshes(const database_figures& figures) {
  const auto found = figures.refreshes.find(failed);
  return found == figures.refreshes.end() ? 0 : found->second;
}

database_metrics::counted::counted(const families& f,
                                   const prometheus::Labels& labels)
  : failures_(&f.refresh_failures_total.Add(labels)),
    rows_inserted_(&f.rows_inserted_total.Add(labels)),
    rows_deleted_(&f.rows_deleted_total.Add(labels)),
    changes_consumed_(&f.changes_consumed_total.Add(labels)),
    alerts_waiting_(&f.alerts_waiting.Add(labels)),
    worst_lag_(&f.worst_lag_seconds.Add(labels)),
    lag_to_target_(&f.lag_to_target_ratio.Add(labels)),
    lag_(&f.lag_seconds.Add(labels, lag_buckets)), families_(f),
    labels_(labels) {
  for (const auto& [action, none] : no_refreshes())
    refreshes_[action] = &f.refreshes_total.Add(with(labels, "action", action));
  for (const auto& [event, none] : no_alerts())
    alerts_[event] = &f.alerts_total.Add(with(labels, "event", event));
  for (const auto& [status, none] : no_stream_tables())
    stream_tables_[status]
      = &f.stream_tables.Add(with(labels, "status", status));
}

void database_metrics::counted::take(const database_figures& read) {
  for (const auto& [action, times] : refreshes_by_action(read))
    raise(*refreshes_.at(action), times);
  for (const auto& [event, times] : alerts_by_event(read))
    raise(*alerts_.at(event), times);
  for (const auto& [status, number] : stream_tables_by_status(read))
    stream_tables_.at(status)->Set(static_cast<double>(number));
  raise(*failures_, failed_refreshes(read));
  raise(*rows_inserted_, read.rows_inserted);
  raise(*rows_deleted_, read.rows_deleted);
  raise(*changes_consumed_, read.changes_consumed);
  alerts_waiting_->Set(static_cast<double>(read.alerts_waiting));
  worst_lag_->Set(read.lag_ms / 1000);
  lag_to_target_->Set(read.lag_share_p95);
  lag_->Observe(read.lag_ms / 1000);
  if (read.stored)
    take(*read.stored);
}

void database_metrics::counted::take(const stored_bytes& read) {
  if (change_buffers_ == nullptr) {
    change_buffers_ = &families_.change_buffer_bytes.Add(labels_);
    snapshots_ = &families_.snapshot_bytes.Add(labels_);
  }
  change_buffers_->Set(static_cast<double>(read.change_buffers));
  snapshots_->Set(static_cast<double>(read.snapshots));
}

void database_metrics::counted::remove_from(const families& f) {
  for (const auto& [action, counter] : refreshes_)
    f.refreshes_total.Remove(counter);
  for (const auto& [event, counter] : alerts_)
    f.alerts_total.Remove(counter);
  for (const auto& [status, gauge] : stream_tables_)
    f.stream_tables.Remove(gauge);
  f.refresh_failures_total.Remove(failures_);
  f.rows_inserted_total.Remove(rows_inserted_);
  f.rows_deleted_total.Remove(rows_deleted_);
  f.changes_consumed_total.Remove(changes_consumed_);
  f.alerts_waiting.Remove(alerts_waiting_);
  f.worst_lag_seconds.Remove(worst_lag_);
  f.lag_to_target_ratio.Remove(lag_to_target_);
  f.lag_seconds.Remove(lag_);
  if (change_buffers_ == nullptr)
    return;
  f.change_buffer_bytes.Remove(change_buffers_);
  f.snapshot_bytes.Remove(snapshots_);
}

} // namespace pgtrickle::metrics
