#include "services/metrics/table_series.hpp"

#include "services/metrics/labels.hpp"

namespace pgtrickle::metrics {

void table_series::show(const std::vector<targeted_table>& tables) {
  auto before = std::exchange(shown_, {});
  for (const auto& table : tables) {
    const auto known = before.find(table.id);
    if (known != before.end() && known->second.name == table.name)
      shown_.insert(before.extract(known));
    else
      shown_[table.id].name = table.name;
  }
  // A name may have gone from one stream table to another.
  for (const auto& [id, gone] : before)
    remove(gone);
  for (const auto& table : tables) {
    auto& shown = shown_.at(table.id);
    shown.target
      = &families_.stream_table_target_lag_seconds.Add(labels_of(shown));
    shown.target->Set(std::chrono::duration<double>{table.target}.count());
    show_lag(table.id, shown);
  }
}

void table_series::lags(const std::map<stream_table_id, double>& of_late) {
  lags_ = of_late;
  for (auto& [id, shown] : shown_)
    show_lag(id, shown);
}

void table_series::refresh_took(stream_table_id table, double seconds) {
  const auto found = shown_.find(table);
  if (found == shown_.end())
    return;
  auto& shown = found->second;
  if (shown.last_refresh == nullptr)
    shown.last_refresh
      = &families_.stream_table_last_refresh_duration_seconds.Add(
        labels_of(shown));
  shown.last_refresh->Set(seconds);
}

prometheus::Labels table_series::labels_of(const series& shown) const {
  return with(database_, "stream_table", shown.name);
}

void table_series::show_lag(stream_table_id table, series& shown) {
  if (!lags_)
    return;
  if (shown.lag == nullptr)
    shown.lag = &families_.stream_table_lag_seconds.Add(labels_of(shown));
  const auto late = lags_->find(table);
  shown.lag->Set(late == lags_->end() ? 0 : late->second / 1000);
}

void table_series::remove(const series& shown) {
  families_.stream_table_target_lag_seconds.Remove(shown.target);
  if (shown.lag != nullptr)
    families_.stream_table_lag_seconds.Remove(shown.lag);
  if (shown.last_refresh != nullptr)
    families_.stream_table_last_refresh_duration_seconds.Remove(
      shown.last_refresh);
}

} // namespace pgtrickle::metrics
