#pragma once

#include "services/core/ids.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

namespace pgtrickle {

/// How far a database's stream tables are behind, look by look. One that has
/// nothing to take in is not behind, however old its data are.
class lag_ledger {
public:
  /// By the database's clock.
  using time_point = std::chrono::sys_time<std::chrono::milliseconds>;

  /// A stream table that has changes to take in.
  struct late_table {
    stream_table_id id{};
    /// Of its data, or of those at its root.
    time_point data_of;
    std::optional<std::chrono::milliseconds> target;
  };

  struct lags {
    /// Of the one that is furthest behind.
    std::chrono::milliseconds worst{};
    /// What share of its target lag 95 % of those that have one do not exceed.
    double share_p95 = 0;
    /// Of each that is late and has a target lag.
    std::map<stream_table_id, std::chrono::milliseconds> targeted;
  };

  /// Takes in what a look at `now` found: all that are `late`, and how many
  /// stream tables have a target lag.
  [[nodiscard]] lags look(const std::vector<late_table>& late,
                          std::size_t targeted, time_point now);

  /// Nothing was late at `now`.
  void all_fresh(time_point now);

private:
  std::optional<time_point> last_look_;
  /// When what is late was last seen not to be.
  std::map<stream_table_id, time_point> clean_at_;
};

} // namespace pgtrickle
