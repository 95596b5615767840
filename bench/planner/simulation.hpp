#pragma once
// A stream table in a trace: refreshed as the scheduler would, and with the
// history that the planner would see.

#include "bench/planner/trace.hpp"
#include "services/planning/table_history.hpp"

namespace pgtrickle::bench {

/// Times are in seconds from the trace's beginning.
struct simulated_refresh {
  /// From when on the data are stale: the moment that they show, or the first
  /// change after that if it came later than the schedule asked.
  double stale_from = 0;
  /// The moment that the refresh before this one shows.
  double shown = 0;
  /// When this one could start: due, and the one before had ended.
  double due = 0;
  double started = 0;
  double ended = 0;
  double changes = 0;

  [[nodiscard]] double lag() const { return ended - stale_from; }
};

class simulation {
public:
  simulation(const trace& of, schedule when);

  /// What comes after the last refresh.
  [[nodiscard]] simulated_refresh next();

  void reschedule(std::chrono::milliseconds every);

  /// Completed so far: the newest 1,000 refreshes, and the hours of 8 weeks.
  [[nodiscard]] const table_history& history() const { return history_; }
  [[nodiscard]] const schedule& when() const { return when_; }
  [[nodiscard]] double now() const { return ended_; }

  /// When the next refresh is due if something has changed by then.
  [[nodiscard]] double next_due() const { return due_after(shown_); }

private:
  [[nodiscard]] double due_after(double shown) const;
  void record(const simulated_refresh& done);

  const trace* trace_;
  schedule when_;
  worker_queue queue_;
  table_history history_;
  double shown_ = 0;
  double ended_ = 0;
  std::size_t count_ = 0;
};

} // namespace pgtrickle::bench
