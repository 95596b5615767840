#pragma once

#include "services/scheduling/refresh_calendar.hpp"

#include <vector>

namespace pgtrickle::test {

using namespace std::chrono_literals;
using batches = std::vector<refresh_calendar::batch>;

constexpr stream_table_id by_day{1};
constexpr stream_table_id by_week{2};
constexpr stream_table_id by_year{3};
constexpr stream_table_id by_branch{4};

constexpr oid orders = 16384;
constexpr oid branches = 16385;

/// The relation of a stream table.
constexpr oid relation(stream_table_id id) {
  return 20000 + static_cast<oid>(id);
}

/// 2026-05-01 10:00:00 UTC by the clock on the wall.
inline const wall_time day_start{
  std::chrono::sys_days{std::chrono::year{2026} / 5 / 1} + 10h};

/// `elapsed` after the beginning of a test, by clocks that were not set.
inline moment at(std::chrono::nanoseconds elapsed) {
  using std::chrono::duration_cast;
  return {steady_time{1000h} + elapsed,
          day_start + duration_cast<wall_time::duration>(elapsed)};
}

/// A table whose data are those of the beginning of the test.
inline scheduled_table table(stream_table_id id, schedule when,
                             std::vector<oid> sources) {
  return {.id = id,
          .relid = relation(id),
          .when = std::move(when),
          .populated = true,
          .age = 0ms,
          .sources = std::move(sources)};
}

inline schedule cron(std::string_view text) {
  return cron_schedule::parse(text).value();
}

/// Reports each table of `order` as refreshed.
inline void refresh(refresh_calendar& calendar,
                    const refresh_calendar::batch& order, moment now,
                    bool changed = true) {
  for (const auto id : order)
    calendar.refreshed(id, now, changed);
}

/// A calendar with `tables` at the beginning, none of them pending.
inline refresh_calendar calendar_with(std::vector<scheduled_table> tables) {
  refresh_calendar calendar{
    {.calculated_interval = 5s, .retry = {1s, 60s, 0.0}}};
  calendar.load(tables, at(0s));
  for (const auto& t : tables) {
    if (!t.active)
      continue;
    (void)calendar.take({t.id}, at(0s));
    calendar.refreshed(t.id, at(0s), false);
  }
  return calendar;
}

inline void touch(refresh_calendar& calendar, oid source, moment since) {
  calendar.touched(std::vector{source}, since.wall);
}

} // namespace pgtrickle::test
