#pragma once
// The target lag of stream tables: setting it, and telling before it is missed.

#include "services/engine/stream_table.hpp"
#include "services/planning/landing.hpp"
#include "services/postgres/session.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace pgtrickle::engine {

/// Sets the target lag; absent: there is none any more. Returns the id.
/// Errors: stream_table_not_found, permission_denied, invalid_argument.
[[nodiscard]] result<stream_table_id>
set_target_lag(postgres::session& db, const caller& by, const std::string& name,
               std::optional<std::chrono::milliseconds> target,
               ownership fence);

/// A stream table that has a target lag.
struct targeted_table {
  stream_table_id id{};
  std::string name;
  std::chrono::milliseconds target{0};
  /// A breach was foretold, and its end was not told yet.
  bool alert_is_open = false;
};

/// When the next refresh begins of a table whose data are `age` old; absent:
/// the schedule does not say. Negative: it is due, and late by that.
[[nodiscard]] std::optional<std::chrono::milliseconds>
starts_in(const std::optional<std::string>& by_schedule,
          std::chrono::milliseconds age, wall_time now);

/// Tells of a breach that is to be expected, or of its end, within `tx`: once
/// for each cooldown, whoever asks. Returns whether it did.
bool tell_landing(pqxx::transaction_base& tx, const targeted_table& table,
                  const waiting& at, const landing& expected);

/// Looks ahead for those of `tables` that have a target, which were just
/// refreshed in `tx`.
void look_ahead(pqxx::transaction_base& tx,
                const std::vector<stream_table_id>& tables);

} // namespace pgtrickle::engine
