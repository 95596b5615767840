#pragma once

#include "services/metrics/metrics.hpp"

#include <optional>

namespace pgtrickle::metrics {

/// The series of those stream tables of a database that have their own. One
/// thread at a time, and not while metrics are collected.
class table_series {
public:
  table_series(const families& f, prometheus::Labels database)
    : families_(f), database_(std::move(database)) {}

  /// These have series from now on, and no others.
  void show(const std::vector<targeted_table>& tables);

  /// In milliseconds, of those that are behind.
  void lags(const std::map<stream_table_id, double>& of_late);

  void refresh_took(stream_table_id table, double seconds);

private:
  struct series {
    std::string name;
    prometheus::Gauge* target;
    prometheus::Gauge* lag = nullptr;
    prometheus::Gauge* last_refresh = nullptr;
  };

  [[nodiscard]] prometheus::Labels labels_of(const series& shown) const;
  void show_lag(stream_table_id table, series& shown);
  void remove(const series& shown);

  const families& families_;
  prometheus::Labels database_;
  std::map<stream_table_id, series> shown_;
  /// Absent: not read yet.
  std::optional<std::map<stream_table_id, double>> lags_;
};

} // namespace pgtrickle::metrics
