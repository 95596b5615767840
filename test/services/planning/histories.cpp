#include "test/services/planning/histories.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace pgtrickle {

namespace {

constexpr std::size_t most_refreshes = 1000;

void record(table_history& history, const past_refresh& done) {
  const auto hour = std::chrono::floor<std::chrono::hours>(done.data_at);
  if (history.hours.empty() || history.hours.back().hour != hour)
    history.hours.push_back({hour});
  auto& last = history.hours.back();
  last.changes += done.changes;
  last.refreshes += 1;
  last.busy_ms += done.took_ms();
  last.most_changes = std::max(last.most_changes, done.changes);
  history.refreshes.push_back(done);
  if (history.refreshes.size() > most_refreshes)
    history.refreshes.erase(history.refreshes.begin());
}

} // namespace

wall_time after(double hours) {
  return monday + std::chrono::milliseconds{std::llround(hours * 3600 * 1000)};
}

planner_rules usual_rules() { return {}; }

table_history history_of(const made_up& what, double hours) {
  std::mt19937 random{17};
  std::uniform_real_distribution<double> either_way{-1, 1};
  table_history history;
  std::int64_t id = 0;
  const auto step = what.every + what.late;
  const auto seconds = std::chrono::duration<double>(step).count();
  for (wall_time at = monday + step; at < after(hours); at += step) {
    const auto since
      = std::chrono::duration<double, std::ratio<3600>>(at - monday).count();
    const auto changes = std::round(what.rate(since) * seconds
                                    * (1 + what.varied * either_way(random)));
    const auto took = what.ms(changes) * (1 + what.noise * either_way(random));
    record(history, {++id, at, at,
                     at + std::chrono::microseconds{std::llround(1000 * took)},
                     changes, false});
  }
  return history;
}

} // namespace pgtrickle
