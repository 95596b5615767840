#pragma once
// The calls that the registrar carries out, by their method's name.

#include "services/engine/registration.hpp"

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

/// Carries out `method` in the name of `by`.
/// Errors: those of engine::*, and invalid_argument (the method, the
/// arguments).
[[nodiscard]] result<call_effect>
carry_out(postgres::session& db, const caller& by, const std::string& method,
          const std::string& arguments, ownership fence);

/// The methods of every call that a daemon answers.
[[nodiscard]] std::vector<std::string> call_methods();

} // namespace pgtrickle
