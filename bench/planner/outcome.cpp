#include "bench/planner/outcome.hpp"

#include <algorithm>
#include <bitset>
#include <cmath>

namespace pgtrickle::bench {

namespace {

/// As far off as can be.
constexpr double all_off = 24;

using hours_of_day = std::bitset<24>;

/// The hours of a day of the first week at which `cron` fires.
hours_of_day hours_on(const cron_schedule& cron, int day) {
  hours_of_day fires;
  for (int hour = 0; hour < 24; ++hour) {
    const auto at = trace_begin + std::chrono::hours{24 * day + hour};
    fires[static_cast<std::size_t>(hour)]
      = cron.next(at - std::chrono::seconds{1}) == at;
  }
  return fires;
}

double hours_off(const hours_of_day& fires, const true_peak& peak) {
  int first = 0;
  int last = 24;
  while (first < 24 && !fires[static_cast<std::size_t>(first)])
    ++first;
  while (last > first && !fires[static_cast<std::size_t>(last) - 1])
    --last;
  return std::max(std::abs(first - peak.from_hour),
                  std::abs(last - peak.until_hour));
}

} // namespace

double hours_off(const std::optional<std::string>& cron,
                 const std::optional<true_peak>& peak) {
  if (!cron || !peak)
    return cron || peak ? all_off : 0;
  const auto parsed = cron_schedule::parse(*cron, trace_zone);
  if (!parsed)
    return all_off;
  double worst = 0;
  for (int day = 0; day < 7; ++day) {
    const auto fires = hours_on(*parsed, day);
    const bool wanted = !peak->day || *peak->day == day;
    if (fires.any() != wanted)
      return all_off;
    if (wanted)
      worst = std::max(worst, hours_off(fires, *peak));
  }
  return worst;
}

outcome run_trials(const workload& kind, std::uint64_t seed) {
  const trace of{kind, trace_days, seed};
  const auto table = learnt(of);
  return {&kind,
          try_warnings(of, table),
          try_forecasts(of, table),
          {try_advice(of, table)},
          try_confidence(of)};
}

void add(outcome& to, const outcome& more) {
  to.kind = more.kind;
  to.warnings.add(more.warnings);
  to.forecasts.changes.add(more.forecasts.changes);
  to.forecasts.durations.add(more.forecasts.durations);
  to.forecasts.lags.add(more.forecasts.lags);
  to.advice.insert(to.advice.end(), more.advice.begin(), more.advice.end());
  to.confidence.insert(to.confidence.end(), more.confidence.begin(),
                       more.confidence.end());
}

} // namespace pgtrickle::bench
