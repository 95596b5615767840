#pragma once
// Ten workloads: how sources change, what refreshes cost, and what else the
// workers have to do. All virtual, second by second, from a seed.

#include "services/scheduling/scheduled_table.hpp"

#include <chrono>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace pgtrickle::bench {

/// The traces begin here, on a Monday, by a clock that goes 1 h ahead of UTC.
constexpr auto trace_begin
  = std::chrono::sys_days{std::chrono::year{2026} / std::chrono::January / 5}
    - std::chrono::hours{1};
constexpr auto trace_zone = "Europe/Berlin";

/// What a refresh takes: fixed · jitter + per_change · n · noise + stall.
struct refresh_costs_of_trace {
  double fixed_ms = 800;
  double ms_per_change = 0.8;
  /// Both costs grow by this share each day.
  double growth_a_day = 0;
};

/// Hours of the day, and days of the week (Monday is 0), of the true peak.
struct true_peak {
  double from_hour = 0;
  double until_hour = 0;
  std::optional<int> day;
};

/// What a workload is, without what happened in it.
struct workload {
  std::string name;
  std::string schedule_text = "60s";
  std::chrono::milliseconds target{75000};
  refresh_costs_of_trace costs;
  std::optional<true_peak> peak;
  /// Changed rows of each second.
  std::vector<double> (*changes)(std::size_t seconds, std::mt19937_64& random);
};

[[nodiscard]] const std::vector<workload>& workloads();

/// Refreshes of other stream tables that share the workers.
struct other_job {
  double at = 0;
  double seconds = 0;
};

/// What happened. Times are in seconds from the beginning.
class trace {
public:
  trace(const workload& kind, std::size_t days, std::uint64_t seed);

  [[nodiscard]] const workload& kind() const { return kind_; }
  [[nodiscard]] double seconds() const {
    return static_cast<double>(sums_.size() - 1);
  }

  /// Changes from `from` to `until`.
  [[nodiscard]] double changes(double from, double until) const;

  /// The first moment from `from` on at which something has changed; the end if
  /// there is none.
  [[nodiscard]] double first_change(double from) const;

  /// What a refresh of so many changes is expected to take at `at`, in s.
  [[nodiscard]] double expected_seconds(double changes, double at) const;

  /// What the `n`th refresh takes.
  [[nodiscard]] double refresh_seconds(double changes, double at,
                                       std::size_t n) const;

  [[nodiscard]] const std::vector<other_job>& others() const { return others_; }

  [[nodiscard]] static wall_time wall(double second);

private:
  [[nodiscard]] double sum_at(double second) const;

  const workload& kind_;
  std::vector<double> sums_;
  /// The next second with changes, from each one on.
  std::vector<std::uint32_t> next_;
  std::vector<other_job> others_;
  std::uint64_t seed_;
};

/// The workers, and whoever else waits for them: first come, first served.
class worker_queue {
public:
  explicit worker_queue(const trace& of);

  /// When a refresh that is due at `due` starts. To be asked in order.
  [[nodiscard]] double start(double due);
  /// A worker is busy from `from` until `until`.
  void occupy(double until);

private:
  static constexpr std::size_t workers = 4;
  const std::vector<other_job>& others_;
  std::size_t next_ = 0;
  std::vector<double> free_at_ = std::vector<double>(workers, 0.0);
};

} // namespace pgtrickle::bench
