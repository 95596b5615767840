#pragma once

#include "services/coordination/database_figures.hpp"
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
  /// Its counters begin at 0 with the daemon; the others the database keeps.
  bool begins_with_daemon = true;
  std::string_view help;
};

/// Every metric of a daemon, in the order of its declaration.
[[nodiscard]] std::span<const metric_description> metric_descriptions();

/// Every metric of the cluster.
[[nodiscard]] std::span<const metric_description> cluster_metric_descriptions();

enum class call_outcome : std::uint8_t { ok, rejected, failed, expired };

/// The metrics of a registry by name.
struct families {
#define METRIC(type, name, labels, since, help)                                \
  prometheus::Family<prometheus::type>& name;
#include "services/metrics/metrics.def"
};

/// A stream table that has a target lag of its own.
struct targeted_table {
  stream_table_id id{};
  /// Quoted and schema-qualified.
  std::string name;
  std::chrono::milliseconds target{};
};

class node_metrics;
class table_series;

/// The metrics of one database. May be used by several threads.
class database_metrics {
public:
  static constexpr std::array<std::string_view, 6> actions{
    "NO_DATA", "DIFFERENTIAL", "FULL", "REINITIALIZE", "SKIP", "other"};
  static constexpr std::array<std::string_view, 5> statuses{
    "INITIALIZING", "ACTIVE", "SUSPENDED", "ERROR", "other"};

  /// So many stream tables have series of their own.
  static constexpr std::size_t most_tables = 20;

  /// A refresh has ended, well or not; how many there were the catalog tells.
  void refresh_took(stream_table_id table, std::chrono::microseconds duration);

  /// What the catalog has counted, and how far stream tables are behind. Until
  /// it was read there are no such series: a counter that showed 0 meanwhile
  /// would have fallen.
  void figures(const database_figures& read);

  /// All that have a target lag. Those with the shortest have series of their
  /// own, of which the lag is seen once it was read.
  void targeted_tables(std::vector<targeted_table> tables);

  void workers(int active, int queued);
  void behind(bool is_behind);
  void up(bool is_up);
  void alert_published();

private:
  friend class node_metrics;

  /// The series of what the catalog counts.
  struct counted;

  database_metrics(const families& f, std::mutex& collecting, oid database,
                   const std::string& name);

  /// Takes the database's series out of the registry.
  void remove_from(const families& f);

  const families& families_;
  /// Held while the metrics of the daemon are collected.
  std::mutex& collecting_;
  prometheus::Labels labels_;
  std::mutex mutex_;
  std::shared_ptr<counted> counted_;
  std::shared_ptr<table_series> tables_;
  prometheus::Histogram* duration_;
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

  // -- over HTTP ---
  void http_answered(int status);
  void http_timed_out();
  /// The metrics of `page` were collected.
  void scraped(const std::string& page, std::chrono::microseconds duration,
               bool is_whole);
  /// Sets what is true at this moment.
  void observe_process(bool reaches_postgres);

  /// What all metrics are now, by family, and since when those of a database
  /// that begin with the daemon count: in seconds since 1970, by its labels.
  struct collected {
    std::vector<prometheus::MetricFamily> families;
    std::map<prometheus::Labels, double> databases_since;
  };
  [[nodiscard]] collected collect() const;

private:
  struct state;

  std::shared_ptr<state> state_;
};

} // namespace pgtrickle::metrics
