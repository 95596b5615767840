#pragma once

#include <cstdint>
#include <string_view>

namespace pgtrickle {

/// Everything that can go wrong, named after the cause.
/// Starts at 1: `caf::error` reserves 0 for "no error".
enum class errc : std::uint8_t {
  invalid_argument = 1,
  stream_table_not_found,
  already_exists,
  invalid_query,
  unsupported_query,
  query_too_large,
  dependency_cycle,
  dependents_exist,
  permission_denied,
  wrong_state,
  source_changed,
  lock_unavailable,
  caller_holds_lock,
  serialization_failure,
  connection_lost,
  fenced,
  cancelled,
  deadline_exceeded,
  call_rejected,
  overloaded,
  statement_failed,
  invariant_violated,
};

/// What the caller must do: the one question an error has to answer.
enum class reaction : std::uint8_t { reject, rebuild, retry, halt };

/// Exhaustive on purpose: -Wswitch reports the enumerator that was forgotten.
[[nodiscard]] reaction reaction_to(errc code);

[[nodiscard]] std::string_view to_string(errc code);

/// The SQLSTATE under which SQL callers see `code`.
[[nodiscard]] std::string_view sqlstate_of(errc code);

} // namespace pgtrickle
