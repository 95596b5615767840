// A season is judged by what it would have said of each hour, had that hour
// not been seen. Square roots keep large hours from deciding alone.

#include "services/planning/season.hpp"

#include "services/planning/spread.hpp"

#include <date/tz.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace pgtrickle {

namespace {

using namespace std::chrono_literals;

/// Shorter histories can't show the season twice, or not often enough.
constexpr std::size_t shortest_daily = 70;
constexpr std::size_t shortest_weekly = 330;

/// A finer season must err so much less than a coarser one.
constexpr double clearly_better = 0.85;

/// Where no season is, a time of day may stand out by itself, if it has been
/// seen so often: it is busier, and errs so much less by itself than with all.
constexpr std::size_t fewest_outstanding = 7;
constexpr double outstanding = 0.5;

/// No hour is taken to be quieter than this share of the mean.
constexpr double least_share = 0.02;

/// An hour counts at most so many times the median of those like it.
constexpr double most_over_median = 5;

const date::time_zone* zone_named(const std::string& name) {
  // The library tells by an exception that it does not know a zone.
  try {
    return date::locate_zone(name);
  } catch (const std::runtime_error&) {
    return date::locate_zone("UTC");
  }
}

/// The hours of one place in the period.
struct likes {
  std::vector<double> changes;
  double roots = 0;
};

using grouped_hours = std::vector<likes>;

grouped_hours group(const std::vector<hour_of_changes>& hours,
                    const std::vector<std::size_t>& places, season_kind kind) {
  grouped_hours groups(period_of(kind));
  for (std::size_t i = 0; i < hours.size(); ++i) {
    auto& like = groups[places[i] % groups.size()];
    like.changes.push_back(hours[i].changes);
    like.roots += std::sqrt(hours[i].changes);
  }
  return groups;
}

/// The sum of the absolute errors of what the others of its group say of each
/// hour.
double error_of(const likes& group) {
  const auto others = static_cast<double>(group.changes.size()) - 1;
  double sum = 0;
  for (auto x : group.changes)
    sum += std::abs(others > 0
                      ? std::sqrt(x) - (group.roots - std::sqrt(x)) / others
                      : std::sqrt(x));
  return sum;
}

double error_of(const grouped_hours& groups) {
  double sum = 0;
  for (const auto& group : groups)
    sum += error_of(group);
  return sum;
}

/// Whether the hours of `some` are busier than `all`, and resemble one another
/// much more.
bool stands_out(const likes& some, const likes& all) {
  const auto usual = all.roots / static_cast<double>(all.changes.size());
  const auto own = some.roots / static_cast<double>(some.changes.size());
  double error = 0;
  for (auto x : some.changes)
    error += std::abs(std::sqrt(x) - usual);
  return some.changes.size() >= fewest_outstanding && own > usual
         && error_of(some) < outstanding * error;
}

/// The times of day with those that don't stand out from `all` thrown together;
/// empty: none does.
grouped_hours parted_by_outstanding(grouped_hours by_day, const likes& all) {
  likes others;
  std::vector<likes*> alike;
  for (auto& group : by_day)
    if (!stands_out(group, all)) {
      others.changes.insert(others.changes.end(), group.changes.begin(),
                            group.changes.end());
      others.roots += group.roots;
      alike.push_back(&group);
    }
  if (alike.size() == by_day.size())
    return {};
  for (auto* group : alike)
    *group = others;
  return by_day;
}

/// The mean, of which one extraordinary hour is not a large part.
double typical(std::vector<double> changes) {
  const auto limit = changes.size() < 3 || median(changes) == 0
                       ? std::ranges::max(changes)
                       : most_over_median * median(changes);
  double sum = 0;
  for (auto x : changes)
    sum += std::min(x, limit);
  return sum / static_cast<double>(changes.size());
}

season season_from(const grouped_hours& groups, season_kind kind) {
  season result;
  result.kind = kind;
  double sum = 0;
  for (std::size_t i = 0; i < hours_of_week; ++i) {
    const auto& like = groups[i % groups.size()];
    result.per_second[i]
      = like.changes.empty() ? 0 : typical(like.changes) / 3600;
    sum += result.per_second[i];
  }
  for (auto& rate : result.per_second)
    rate = std::max(rate, least_share * sum / hours_of_week);
  return result;
}

} // namespace

std::size_t period_of(season_kind kind) {
  switch (kind) {
    case season_kind::flat:
      return 1;
    case season_kind::daily:
      return 24;
    case season_kind::weekly:
      break;
  }
  return hours_of_week;
}

double season::grown(wall_time when) const {
  if (growth == 0)
    return 1;
  using hours = std::chrono::duration<double, std::ratio<3600>>;
  return std::exp(growth
                  * std::min(hours{when - grown_at}.count(), believed_hours));
}

week_clock::week_clock(const std::string& zone, wall_time from,
                       wall_time until) {
  const auto* found = zone_named(zone);
  for (auto at = std::chrono::floor<std::chrono::seconds>(from);;) {
    const auto info = found->get_info(at);
    stretches_.push_back({at, info.offset});
    // In seconds: the end of all time has no nanoseconds.
    if (info.end > std::chrono::floor<std::chrono::seconds>(until))
      return;
    at = info.end;
  }
}

std::size_t week_clock::hour_at(wall_time when) const {
  auto stretch = stretches_.begin();
  while (stretch + 1 != stretches_.end() && (stretch + 1)->from <= when)
    ++stretch;
  // 1970-01-05 was a Monday.
  const auto local = when.time_since_epoch() + stretch->offset - 96h;
  constexpr std::int64_t week = hours_of_week;
  const auto hours = std::chrono::floor<std::chrono::hours>(local).count();
  return static_cast<std::size_t>((hours % week + week) % week);
}

season learn_season(const std::vector<hour_of_changes>& hours,
                    const week_clock& clock) {
  if (hours.empty())
    return {};
  std::vector<std::size_t> places;
  places.reserve(hours.size());
  for (const auto& one : hours)
    places.push_back(clock.hour_at(one.hour));
  auto best = season_kind::flat;
  auto groups = group(hours, places, best);
  auto error = error_of(groups);
  const auto consider = [&](season_kind kind, std::size_t shortest) {
    if (hours.size() < shortest)
      return;
    auto finer = group(hours, places, kind);
    if (const auto e = error_of(finer); e < clearly_better * error) {
      best = kind;
      groups = std::move(finer);
      error = e;
    }
  };
  consider(season_kind::daily, shortest_daily);
  consider(season_kind::weekly, shortest_weekly);
  if (best == season_kind::flat)
    if (const auto parted = parted_by_outstanding(
          group(hours, places, season_kind::daily), groups.front());
        !parted.empty())
      return season_from(parted, season_kind::daily);
  return season_from(groups, best);
}

} // namespace pgtrickle
