#include "services/scheduling/slack.hpp"

#include <algorithm>

namespace pgtrickle {

namespace {

/// The finest step of a cron expression.
constexpr std::chrono::minutes cron_step{1};

std::chrono::milliseconds by_schedule(const schedule& when,
                                      std::chrono::milliseconds calculated) {
  if (const auto* every = std::get_if<interval>(&when))
    return every->length;
  if (std::holds_alternative<cron_schedule>(when))
    return cron_step;
  return calculated;
}

} // namespace

std::chrono::milliseconds slack_of(const scheduled_table& table,
                                   std::chrono::milliseconds calculated) {
  const auto scheduled = by_schedule(table.when, calculated);
  return std::min(scheduled, table.target_lag.value_or(scheduled));
}

} // namespace pgtrickle
