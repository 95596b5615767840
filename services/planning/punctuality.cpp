#include "services/planning/punctuality.hpp"

#include <algorithm>
#include <limits>

namespace pgtrickle {

namespace {

using namespace std::chrono_literals;
using milliseconds = std::chrono::duration<double, std::milli>;

/// Earlier than due by more: somebody refreshed by hand.
constexpr double tolerance_ms = 1000;

/// In an idle window come less changes than this share of what is usual.
constexpr double few = 0.5;

/// Times of cron expressions cost time to find; the newest refreshes do.
constexpr std::size_t most_cron_times = 200;

double ms_between(wall_time from, wall_time until) {
  return milliseconds{until - from}.count();
}

/// When the refresh after `last` is due if something has changed by then.
std::optional<wall_time> due_after(const past_refresh& last,
                                   const schedule& current) {
  if (const auto* every = std::get_if<interval>(&current))
    return std::max(last.data_at + every->length, last.ended);
  if (const auto* cron = std::get_if<cron_schedule>(&current))
    return std::max<wall_time>(
      cron->next(std::chrono::floor<std::chrono::seconds>(last.data_at)),
      last.ended);
  return std::nullopt;
}

/// Whether the table can only have waited for a change: it is later than a
/// whole period, and consumed little for so long a time.
bool was_idle(const consumed_window& window, double period_ms,
              double usual_rate) {
  return window.late_ms && *window.late_ms > std::max(period_ms, tolerance_ms)
         && window.changes < few * usual_rate * window.ms;
}

double period_of(const std::vector<consumed_window>& windows,
                 const schedule& current) {
  if (const auto* every = std::get_if<interval>(&current))
    return static_cast<double>(every->length.count());
  std::vector<double> distances;
  for (const auto& window : windows)
    distances.push_back(window.ms);
  return median(distances);
}

/// Changes per ms of the refreshes that were not late by a period; if all were,
/// they can only have waited for changes.
double usual_rate(const std::vector<consumed_window>& windows,
                  double period_ms) {
  std::vector<double> rates;
  for (const auto& window : windows)
    if (window.late_ms.value_or(0) <= std::max(period_ms, tolerance_ms))
      rates.push_back(window.changes / window.ms);
  return rates.empty() ? std::numeric_limits<double>::infinity()
                       : median(rates);
}

std::vector<consumed_window> windows_of(const table_history& history,
                                        const schedule& current) {
  const auto& all = history.refreshes;
  const auto first_timed = std::holds_alternative<cron_schedule>(current)
                               && all.size() > most_cron_times
                             ? all.size() - most_cron_times
                             : 0;
  std::vector<consumed_window> windows;
  windows.reserve(all.size());
  for (std::size_t i = 1; i < all.size(); ++i) {
    const auto& last = all[i - 1];
    const auto distance = ms_between(last.data_at, all[i].data_at);
    if (distance <= 0)
      continue;
    consumed_window window{last.data_at, all[i].changes, distance, false, {}};
    if (i >= first_timed && last.data_at >= history.scheduled_since)
      if (const auto due = due_after(last, current))
        if (const auto late = ms_between(*due, all[i].started);
            late > -tolerance_ms)
          window.late_ms = std::max(late, 0.0);
    windows.push_back(window);
  }
  return windows;
}

} // namespace

punctuality punctuality_of(const table_history& history,
                           const schedule& current) {
  punctuality result{windows_of(history, current), 0};
  const auto period = period_of(result.windows, current);
  const auto usual = usual_rate(result.windows, period);
  std::vector<double> distances;
  for (auto& window : result.windows) {
    window.after_idleness = was_idle(window, period, usual);
    if (window.after_idleness)
      window.late_ms.reset();
    else
      distances.push_back(window.ms);
  }
  result.gap_ms = median(distances);
  for (auto& window : result.windows)
    if (window.after_idleness)
      window.ms = std::min(window.ms, result.gap_ms);
  return result;
}

} // namespace pgtrickle
