#include "test/services/planning/histories.hpp"

#include <algorithm>
#include <array>
#include <cmath>

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
  constexpr std::array waves{0.0, 1.0, -1.0, 0.5, -0.5, 0.2, -0.2};
  table_history history;
  std::int64_t id = 0;
  const auto step = what.every + what.late;
  for (wall_time at = monday + step; at < after(hours); at += step) {
    const auto since
      = std::chrono::duration<double, std::ratio<3600>>(at - monday).count();
    const auto changes
      = what.rate(since) * static_cast<double>(step.count()) / 1000;
    const auto wave = waves[static_cast<std::size_t>(id) % waves.size()];
    const auto took = what.ms(changes) * (1 + what.noise * wave);
    record(history, {++id, at, at,
                     at + std::chrono::microseconds{std::llround(1000 * took)},
                     changes, false});
  }
  return history;
}

} // namespace pgtrickle
