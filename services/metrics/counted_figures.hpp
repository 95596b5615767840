#pragma once

#include "services/metrics/metrics.hpp"

namespace pgtrickle::metrics {

/// How often each action and event was counted; what is not declared is
/// `other`, so that labels have few values.
[[nodiscard]] std::map<std::string, std::int64_t>
refreshes_by_action(const database_figures& figures);
[[nodiscard]] std::map<std::string, std::int64_t>
alerts_by_event(const database_figures& figures);
[[nodiscard]] std::map<std::string, std::int64_t>
stream_tables_by_status(const database_figures& figures);
[[nodiscard]] std::int64_t failed_refreshes(const database_figures& figures);

struct database_metrics::counted {
public:
  counted(const families& f, const prometheus::Labels& labels);

  void take(const database_figures& read);
  void remove_from(const families& f);

private:
  void take(const stored_bytes& read);

  std::map<std::string, prometheus::Counter*> refreshes_;
  std::map<std::string, prometheus::Counter*> alerts_;
  std::map<std::string, prometheus::Gauge*> stream_tables_;
  prometheus::Counter* failures_;
  prometheus::Counter* rows_inserted_;
  prometheus::Counter* rows_deleted_;
  prometheus::Counter* changes_consumed_;
  prometheus::Gauge* alerts_waiting_;
  prometheus::Gauge* worst_lag_;
  prometheus::Gauge* lag_to_target_;
  prometheus::Histogram* lag_;
  /// Null until they could be looked at.
  prometheus::Gauge* change_buffers_ = nullptr;
  prometheus::Gauge* snapshots_ = nullptr;
  const families& families_;
  prometheus::Labels labels_;
};

} // namespace pgtrickle::metrics
