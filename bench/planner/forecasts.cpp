#include "bench/planner/trials.hpp"
#include "services/planning/forecast.hpp"

#include <algorithm>

namespace pgtrickle::bench {

namespace {

using namespace std::chrono_literals;

double second_of(wall_time when) {
  return std::chrono::duration<double>(when - trace_begin).count();
}

void count(coverage& to, const band& said, double was) {
  ++to.all;
  to.in_95 += was >= said.low_95 && was <= said.high_95 ? 1 : 0;
  to.in_50 += was >= said.low_50 && was <= said.high_50 ? 1 : 0;
}

} // namespace

void coverage::add(const coverage& other) {
  all += other.all;
  in_95 += other.in_95;
  in_50 += other.in_50;
}

forecast_trial try_forecasts(const trace& of, simulation table) {
  forecast_trial trial;
  while (table.now() + 86400 < of.seconds()) {
    const auto now = trace::wall(table.now());
    const auto model
      = learn_model(table.history(), table.when(), rules_of_trials(), now);
    const auto slots = forecast(model, table.when(), now, 24h, 1h);
    for (const auto& slot : slots) {
      count(trial.changes, slot.changes,
            of.changes(second_of(slot.from), second_of(slot.until)));
      while (table.now() < second_of(slot.until)) {
        const auto done = table.next();
        count(trial.durations, slot.refresh_ms,
              1000 * (done.ended - done.started));
        count(trial.lags, slot.lag_ms, 1000 * done.lag());
      }
    }
  }
  return trial;
}

} // namespace pgtrickle::bench
