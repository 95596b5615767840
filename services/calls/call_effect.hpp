#pragma once

#include "services/core/ids.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pgtrickle {

/// What a call did, and what is left to do for it.
struct call_effect {
  /// The result as JSON text.
  std::string json = "null";
  /// The stream tables, or their schedules, are others than before.
  bool catalog_changed = false;
  /// Must be filled for the call to succeed, else discarded.
  std::optional<stream_table_id> to_fill = {};
  /// Must be refreshed for the call to succeed.
  std::optional<stream_table_id> to_refresh = {};
  /// To be shown to the caller.
  std::vector<std::string> notices = {};
};

} // namespace pgtrickle
