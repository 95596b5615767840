#pragma once

#include "services/core/result.hpp"
#include "services/scheduling/cron_field.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace date {
class time_zone;
} // namespace date

namespace pgtrickle {

/// Moments at which the fields of a clock on the wall match an expression.
///
/// A local time that the clock skips (summer time begins) fires once, at the
/// first moment after the gap; one that it shows twice fires the first time.
class cron_schedule {
public:
  using time_point = std::chrono::sys_seconds;

  /// Reads 5 fields, 6 fields (seconds first) or `@daily` and its like, after
  /// an optional `CRON_TZ=<zone>`; otherwise `zone` is the time zone.
  /// Errors: invalid_argument, also for dates that never come.
  [[nodiscard]] static result<cron_schedule>
  parse(std::string_view text, std::string_view zone = "UTC");

  /// The first moment strictly after `after` at which the schedule fires.
  [[nodiscard]] time_point next(time_point after) const;

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::string zone() const;

  friend bool operator==(const cron_schedule& a, const cron_schedule& b) {
    return a.text_ == b.text_ && a.zone_ == b.zone_;
  }

private:
  /// A day, counted from 1970-01-01 by the clock on the wall.
  using day = std::chrono::local_days;
  using time_of_day = std::chrono::seconds;
  using wall_time = std::chrono::local_seconds;

  cron_schedule() = default;

  [[nodiscard]] result<void> ever_fires() const;
  [[nodiscard]] bool fires_on(std::chrono::year_month_day date) const;
  [[nodiscard]] std::optional<day> first_day(day from) const;
  [[nodiscard]] std::optional<time_of_day> first_time(time_of_day from) const;
  [[nodiscard]] wall_time first_match(wall_time from) const;

  std::string text_;
  const date::time_zone* zone_ = nullptr;
  /// Second, minute, hour, day of month, month, day of week.
  std::array<cron_field, 6> fields_;
};

} // namespace pgtrickle
