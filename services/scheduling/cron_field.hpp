#pragma once

#include "services/core/result.hpp"

#include <bitset>
#include <span>
#include <string_view>

namespace pgtrickle {

/// What may stand in one field of a cron expression.
struct cron_field_type {
  std::string_view name;
  int lowest;
  int highest;
  /// Names of the values from `lowest` on, if they have any.
  std::span<const std::string_view> names = {};
};

/// The values at which a field lets a schedule fire.
struct cron_field {
  std::bitset<64> values;
  /// The field begins with `*` (or is `?`).
  bool star = false;

  [[nodiscard]] bool contains(unsigned value) const {
    return values.test(value);
  }
};

/// Reads a list of values, ranges and steps: `1,10-20/5,MON`.
/// Errors: invalid_argument.
[[nodiscard]] result<cron_field> parse_cron_field(const cron_field_type& type,
                                                  std::string_view text);

} // namespace pgtrickle
