#pragma once

#include "services/core/ids.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgtrickle::metrics {

struct metric_description {
  std::string_view name;
  /// counter, gauge or histogram.
  std::string_view type;
  std::vector<std::string> labels;
  std::string_view help;
};

/// Every metric, in the order of its declaration.
[[nodiscard]] std::span<const metric_description> metric_descriptions();

enum class call_outcome : std::uint8_t { ok, rejected, failed, expired };

/// The metrics of a registry by name.
struct families {
#define METRIC(type, name, labels, help)                                       \
  prometheus::Family<prometheus::type>& name;
#include "services/metrics/metrics.def"
};

class node_metrics;

/// What one refresh did.
struct refresh_measure {
  std::string_view action;
  std::chrono::microseconds duration{0};
  std::int64_t changes_consumed = 0;
  std::int64_t rows_changed = 0;
};

/// The metrics of one database. May be used by several threads.
class database_metrics {
public:
  static constexpr std::array<std::string_view, 6> actions{
    "NO_DATA", "DIFFERENTIAL", "FULL", "REINITIALIZE", "SKIP", "other"};
  static constexpr std::array<std::string_view, 5> statuses{
    "INITIALIZING", "ACTIVE", "SUSPENDED", "ERROR", "other"};

  void refreshed(const refresh_measure& measure);
  void refresh_failed(std::chrono::microseconds duration);

  /// How many stream tables have each status; those not named have none.
  void stream_tables(const std::map<std::string, int>& by_status);

  void workers(int active, int queued);
  void behind(bool is_behind);
  void up(bool is_up);
  void alert_published();

private:
  friend class node_metrics;

  database_metrics(const families& f, oid database, const std::string& name);

  /// Takes the database's series out of the registry.
  void remove_from(const families& f);

  std::array<prometheus::Counter*, actions.size()> refreshes_{};
  prometheus::Counter* failures_;
  prometheus::Counter* rows_changed_;
  prometheus::Counter* changes_consumed_;
  prometheus::Histogram* duration_;
  std::array<prometheus::Gauge*, statuses.size()> stream_tables_{};
  prometheus::Gauge* workers_active_;
  prometheus::Gauge* workers_queued_;
  prometheus::Gauge* scheduler_behind_;
  prometheus::Gauge* up_;
  prometheus::Counter* alerts_published_;
};

/// The metrics of this daemon. May be used by several threads.
class node_metrics {
public:
  /// `methods`: the calls that there are; others are counted as `other`.
  node_metrics(std::shared_ptr<prometheus::Registry> registry,
               std::vector<std::string> methods, const std::string& version);

  /// The metrics of a database; they vanish from the registry with the last
  /// that holds them.
  [[nodiscard]] std::shared_ptr<database_metrics>
  database(oid database, const std::string& name);

  void called(const std::string& method, call_outcome outcome,
              std::chrono::microseconds duration);
  void nats_connected(bool is_connected);

  [[nodiscard]] const std::shared_ptr<prometheus::Registry>& registry() const;

private:
  struct state;

  std::shared_ptr<state> state_;
};

} // namespace pgtrickle::metrics
