// The peak stands out from the base, which is what is usual in the quieter half
// of the week. It is made of the days that have at least half of the best day's
// share of it, and of the hours that rise to half of its height on those days.

#include "services/planning/recommendation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bitset>
#include <numeric>

namespace pgtrickle {

namespace {

/// Less is no peak: the busiest hours must have so many times the base.
constexpr double least_height = 2;

constexpr double half = 0.5;

/// Hours that are all peak are none.
constexpr std::size_t most_hours = 16;

using days = std::bitset<7>;
using hours = std::bitset<24>;

double base_of(const season& arrivals) {
  auto sorted = arrivals.per_second;
  std::ranges::sort(sorted);
  return std::accumulate(sorted.begin(), sorted.begin() + sorted.size() / 2,
                         0.0)
         / (sorted.size() / 2);
}

double excess(const season& arrivals, double base, std::size_t day,
              std::size_t hour) {
  return std::max(arrivals.per_second[24 * day + hour] - base, 0.0);
}

days busy_days(const season& arrivals, double base) {
  std::array<double, 7> sums{};
  for (std::size_t day = 0; day < 7; ++day)
    for (std::size_t hour = 0; hour < 24; ++hour)
      sums[day] += excess(arrivals, base, day, hour);
  days busy;
  for (std::size_t day = 0; day < 7; ++day)
    busy[day] = sums[day] >= half * std::ranges::max(sums);
  return busy;
}

hours busy_hours(const season& arrivals, double base, const days& busy) {
  std::array<double, 24> sums{};
  for (std::size_t day = 0; day < 7; ++day)
    for (std::size_t hour = 0; busy[day] && hour < 24; ++hour)
      sums[hour] += excess(arrivals, base, day, hour);
  hours high;
  for (std::size_t hour = 0; hour < 24; ++hour)
    high[hour] = sums[hour] >= half * std::ranges::max(sums);
  return high;
}

/// The values that are set, as cron writes them: "9-11,14".
template <std::size_t N>
std::string list_of(const std::bitset<N>& values, std::size_t first) {
  std::string text;
  for (std::size_t i = 0; i < N; ++i) {
    if (!values[i])
      continue;
    const auto begin = i;
    while (i + 1 < N && values[i + 1])
      ++i;
    text += fmt::format("{}{}", text.empty() ? "" : ",", begin + first);
    if (i > begin)
      text += fmt::format("-{}", i + first);
  }
  return text;
}

} // namespace

std::optional<std::string> peak_window(const season& arrivals) {
  if (arrivals.kind == season_kind::flat)
    return std::nullopt;
  const auto base = base_of(arrivals);
  if (std::ranges::max(arrivals.per_second) < least_height * base)
    return std::nullopt;
  const auto busy = busy_days(arrivals, base);
  const auto high = busy_hours(arrivals, base, busy);
  if (high.none() || high.count() > most_hours)
    return std::nullopt;
  // Monday is 1 in a cron expression, and 0 here.
  return fmt::format("* {} * * {}", list_of(high, 0),
                     busy.all() ? "*" : list_of(busy, 1));
}

} // namespace pgtrickle
