#include "bench/planner/simulation.hpp"

#include <algorithm>

namespace pgtrickle::bench {

namespace {

/// As the catalog keeps them.
constexpr std::size_t most_refreshes = 1000;
constexpr std::size_t most_hours = 24 * 56;

double second_of(wall_time when) {
  return std::chrono::duration<double>(when - trace_begin).count();
}

} // namespace

simulation::simulation(const trace& of, schedule when)
  : trace_(&of), when_(std::move(when)), queue_(of) {}

double simulation::due_after(double shown) const {
  if (const auto* every = std::get_if<interval>(&when_))
    return shown + std::chrono::duration<double>(every->length).count();
  return second_of(std::get<cron_schedule>(when_).next(
    std::chrono::floor<std::chrono::seconds>(trace::wall(shown))));
}

simulated_refresh simulation::next() {
  simulated_refresh done;
  const auto changed = trace_->first_change(shown_);
  const auto due = due_after(shown_);
  const auto idle = changed > due;
  done.shown = shown_;
  done.stale_from = idle ? changed : shown_;
  done.due = idle && std::holds_alternative<cron_schedule>(when_)
               ? due_after(changed)
               : std::max(due, changed);
  done.due = std::max(done.due, ended_);
  done.started = queue_.start(done.due);
  done.changes = std::max(trace_->changes(shown_, done.started), 1.0);
  done.ended = done.started
               + trace_->refresh_seconds(done.changes, done.started, ++count_);
  queue_.occupy(done.ended);
  shown_ = done.started;
  ended_ = done.ended;
  record(done);
  return done;
}

void simulation::reschedule(std::chrono::milliseconds every) {
  when_ = interval{every};
  history_.scheduled_since = trace::wall(ended_);
}

void simulation::record(const simulated_refresh& done) {
  const auto started = trace::wall(done.started);
  const auto ended = trace::wall(done.ended);
  auto& [refreshes, hours, since] = history_;
  refreshes.push_back({static_cast<std::int64_t>(count_), started, started,
                       ended, done.changes, false});
  if (refreshes.size() > most_refreshes)
    refreshes.erase(refreshes.begin());
  const auto hour = std::chrono::floor<std::chrono::hours>(started);
  if (hours.empty() || hours.back().hour != hour)
    hours.push_back({hour});
  auto& last = hours.back();
  last.changes += done.changes;
  last.refreshes += 1;
  last.busy_ms += refreshes.back().took_ms();
  last.most_changes = std::max(last.most_changes, done.changes);
  if (hours.size() > most_hours)
    hours.erase(hours.begin());
}

} // namespace pgtrickle::bench
