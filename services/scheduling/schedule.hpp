#pragma once

#include "services/core/result.hpp"
#include "services/scheduling/cron.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace pgtrickle {

/// The data are never older than this while there are changes; zero: they are
/// as fresh as possible.
struct interval {
  std::chrono::milliseconds length;

  bool operator==(const interval&) const = default;
};

/// As often as the downstream stream tables need it.
struct calculated {
  bool operator==(const calculated&) const = default;
};

/// When a stream table is refreshed.
using schedule = std::variant<interval, cron_schedule, calculated>;

/// What a schedule is checked against and read by.
struct schedule_rules {
  /// Intervals may not be shorter (pg_trickle.min_schedule_seconds). `0s` is
  /// none, and is refused where more than the least minimum is asked for.
  std::chrono::milliseconds shortest_interval{1000};
  /// The time zone of cron expressions that do not name one.
  std::string time_zone = "UTC";
};

/// Reads a schedule as SQL gives it: a duration, a cron expression,
/// `calculated`, or null, which means `calculated` too.
/// Errors: invalid_argument.
[[nodiscard]] result<schedule>
parse_schedule(std::optional<std::string_view> text,
               const schedule_rules& rules = {});

/// Whether it is `0s`: as fresh as possible.
[[nodiscard]] bool is_unbounded(const schedule& when);

[[nodiscard]] std::string to_string(const schedule& when);

} // namespace pgtrickle
