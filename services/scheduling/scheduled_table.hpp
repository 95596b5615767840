#pragma once

#include "services/core/ids.hpp"
#include "services/scheduling/schedule.hpp"

#include <chrono>
#include <optional>
#include <vector>

namespace pgtrickle {

using steady_time = std::chrono::steady_clock::time_point;
using wall_time = std::chrono::system_clock::time_point;

/// One instant by both clocks: intervals are measured by the steady one, cron
/// expressions speak of the one on the wall.
struct moment {
  steady_time steady;
  wall_time wall;
};

/// What the calendar has to know of a stream table.
struct scheduled_table {
  stream_table_id id{};
  oid relid = 0;
  schedule when;
  /// Else it is left alone: suspended, or in error.
  bool active = true;
  bool populated = false;
  bool needs_reinit = false;
  /// Its data change with time alone.
  bool always = false;
  /// How stale its data may be at worst; absent: nobody said.
  std::optional<std::chrono::milliseconds> target_lag = {};
  /// Of its data; absent: it never had any.
  std::optional<std::chrono::milliseconds> age;
  std::vector<oid> sources;
  /// Rises when what it knows of its sources is void: DDL, a restore.
  std::int64_t serial = 0;

  bool operator==(const scheduled_table&) const = default;
};

} // namespace pgtrickle
