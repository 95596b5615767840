#include "services/planning/maintenance.hpp"

#include <algorithm>
#include <tuple>

namespace pgtrickle {

namespace {

using namespace std::chrono_literals;
using milliseconds = std::chrono::duration<double, std::milli>;
using std::chrono::seconds;

/// Windows begin at multiples of this.
constexpr auto step = std::chrono::minutes{15};

/// Changes of one stream table by the hour of its week, expected.
class table_outlook {
public:
  table_outlook(const table_model& model, wall_time from, wall_time until)
    : model_(model), clock_(model.time_zone, from, until) {}

  [[nodiscard]] double changes(wall_time from, wall_time until) const {
    double sum = 0;
    for (auto at = from; at < until; at += step) {
      const auto rate = model_.arrivals.per_second[clock_.hour_at(at)];
      sum += rate * model_.hour_ratio.at(rate).mean()
             * model_.arrivals.grown(at)
             * milliseconds{std::min<wall_time>(at + step, until) - at}.count();
    }
    return sum / 1000;
  }

  [[nodiscard]] double catch_up_ms(double changes) const {
    return changes > 0 ? model_.expected_ms(changes) : 0;
  }

private:
  const table_model& model_;
  week_clock clock_;
};

maintenance_window window_at(const std::vector<table_outlook>& tables,
                             wall_time from, seconds duration) {
  maintenance_window window{from, from + duration};
  for (const auto& table : tables) {
    const auto changes = table.changes(window.from, window.until);
    window.changes += changes;
    window.catch_up_ms += table.catch_up_ms(changes);
  }
  window.lag_ms = milliseconds{duration}.count() + window.catch_up_ms;
  return window;
}

/// The first of each that overlap.
std::vector<maintenance_window>
apart(const std::vector<maintenance_window>& best_first) {
  std::vector<maintenance_window> chosen;
  for (const auto& one : best_first)
    if (std::ranges::none_of(chosen, [&](const maintenance_window& other) {
          return one.from < other.until && other.from < one.until;
        }))
      chosen.push_back(one);
  return chosen;
}

} // namespace

std::vector<maintenance_window>
maintenance_windows(const std::vector<table_model>& models, seconds duration,
                    wall_time now, seconds horizon) {
  duration = std::max(duration, seconds{1});
  std::vector<table_outlook> tables;
  tables.reserve(models.size());
  for (const auto& model : models)
    tables.emplace_back(model, now, now + horizon);
  std::vector<maintenance_window> windows;
  for (wall_time from = std::chrono::ceil<std::chrono::seconds>(now);
       from + duration <= now + horizon;
       from
       = std::chrono::floor<std::chrono::minutes>(from)
         + (step
            - std::chrono::floor<std::chrono::minutes>(from.time_since_epoch())
                % step))
    windows.push_back(window_at(tables, from, duration));
  std::ranges::stable_sort(windows, {}, [](const maintenance_window& one) {
    return std::tuple{one.catch_up_ms, one.changes, one.from};
  });
  return apart(windows);
}

} // namespace pgtrickle
