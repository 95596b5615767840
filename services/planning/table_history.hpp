#pragma once
// What has been of one stream table, as far as the planner looks back.

#include "services/scheduling/scheduled_table.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace pgtrickle {

/// A refresh that was completed, DIFFERENTIAL or FULL.
struct past_refresh {
  /// Rises from refresh to refresh.
  std::int64_t id = 0;
  /// The moment that the table showed afterwards.
  wall_time data_at;
  wall_time started;
  wall_time ended;
  /// Rows of the sources that it consumed.
  double changes = 0;
  bool full = false;

  [[nodiscard]] double took_ms() const {
    return std::chrono::duration<double, std::milli>(ended - started).count();
  }
};

/// What the refreshes added up to whose `data_at` lies in one hour. An hour
/// without any is left out.
struct hour_of_changes {
  std::chrono::sys_time<std::chrono::hours> hour;
  double changes = 0;
  double refreshes = 0;
  double busy_ms = 0;
  /// Of the refresh that consumed most; 0: not known.
  double most_changes = 0;
};

/// Both oldest first. `refreshes` are the newest ones only; `hours` reach
/// further back, and include those of `refreshes`.
struct table_history {
  std::vector<past_refresh> refreshes;
  std::vector<hour_of_changes> hours;
  /// Since when the table has its schedule: how punctual refreshes were
  /// before that can't be told.
  wall_time scheduled_since;
};

} // namespace pgtrickle
