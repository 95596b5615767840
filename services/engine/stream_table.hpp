#pragma once

#include "services/core/ids.hpp"
#include "services/core/result.hpp"

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgtrickle {

/// In whose name something is done, and how that person reads names.
struct caller {
  std::string role;
  std::string search_path;
};

/// The fence: a transaction of a daemon commits only while it owns the
/// database.
struct ownership {
  std::int64_t epoch = 0;
};

/// What create_stream_table is told.
struct stream_table_definition {
  std::string name;
  std::string query;
  /// A duration, a cron expression, or absent for "calculated".
  std::optional<std::string> schedule = "1m";
  std::string refresh_mode = "AUTO";
  bool initialize = true;
};

/// What alter_stream_table is told; absent: leave as it is.
struct stream_table_change {
  std::string name;
  std::optional<std::string> query;
  std::optional<std::string> schedule;
  std::optional<std::string> refresh_mode;
  std::optional<std::string> status;
  /// A duration or a cron expression; `none`: no snapshots.
  std::optional<std::string> snapshot_schedule;
  /// How many of the snapshots that were taken by that schedule are kept.
  std::optional<std::int64_t> snapshot_keep;
};

/// A stream table as the scheduler sees it.
struct stream_table_entry {
  stream_table_id id{};
  oid relid = 0;
  /// Quoted and schema-qualified, for messages.
  std::string name;
  /// Absent: calculated.
  std::optional<std::string> schedule;
  std::string refresh_mode;
  std::string status;
  bool is_populated = false;
  bool needs_reinit = false;
  bool time_dependent = false;
  int consecutive_errors = 0;
  /// How stale it may be at worst; absent: nobody said.
  std::optional<std::chrono::milliseconds> target_lag = {};
  /// Since the data timestamp, by the database's clock; absent: never filled.
  std::optional<std::chrono::milliseconds> age;
  /// Rises with DDL that concerns it, and with restores.
  std::int64_t serial = 0;
  /// Relations that its query reads; among them relids of other stream tables.
  std::vector<oid> sources;
};

/// When the catalog was read, in the order of the database's snapshots: of two
/// with the same end, the newer has fewer transactions under way.
struct catalog_moment {
  std::int64_t snapshot_end = 0;
  std::int64_t settled = 0;

  friend auto operator<=>(const catalog_moment&, const catalog_moment&)
    = default;
};

/// Every stream table of the database.
struct stream_table_listing {
  std::vector<stream_table_entry> tables;
  catalog_moment read_at = {};
};

} // namespace pgtrickle
