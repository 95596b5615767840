#pragma once

#include "services/core/ids.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace pgtrickle {

/// What pgtrickle keeps in a database beside the stream tables, in bytes.
struct stored_bytes {
  std::int64_t change_buffers = 0;
  std::int64_t snapshots = 0;

  bool operator==(const stored_bytes&) const = default;
};

/// What was done in a database since it has the extension, and how far it is
/// behind, as its catalog tells it.
struct database_figures {
  /// By status.
  std::map<std::string, std::int64_t> stream_tables;
  /// By action; those that failed as FAILED.
  std::map<std::string, std::int64_t> refreshes;
  /// By event.
  std::map<std::string, std::int64_t> alerts;
  std::int64_t changes_consumed = 0;
  std::int64_t rows_inserted = 0;
  std::int64_t rows_deleted = 0;
  std::int64_t alerts_waiting = 0;
  /// Of the stream table that is furthest behind, in milliseconds.
  double lag_ms = 0;
  /// Of the stream tables that have a target lag: what share of it 95 % of them
  /// do not exceed. 0 without any.
  double lag_share_p95 = 0;
  /// Of each stream table that has a target lag and is behind, in milliseconds.
  /// Not reported to other nodes.
  std::map<stream_table_id, double> lag_ms_of_targeted = {};
  /// Absent: they could not be looked at. Not reported to other nodes.
  std::optional<stored_bytes> stored = {};

  bool operator==(const database_figures&) const = default;
};

} // namespace pgtrickle
