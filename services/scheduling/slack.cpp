#include "services/scheduling/slack.hpp"

namespace pgtrickle {

namespace {

/// The finest step of a cron expression.
constexpr std::chrono::minutes cron_step{1};

} // namespace

std::chrono::milliseconds slack_of(const schedule& when,
                                   std::chrono::milliseconds calculated) {
  if (const auto* every = std::get_if<interval>(&when))
    return every->length;
  if (std::holds_alternative<cron_schedule>(when))
    return cron_step;
  return calculated;
}

} // namespace pgtrickle
