#pragma once
// At what times of the week the sources change.

#include "services/planning/table_history.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace pgtrickle {

constexpr std::size_t hours_of_week = 168;

/// Which hours resemble one another: all, those at the same time of day, or
/// those at the same time of the same day of the week.
enum class season_kind : std::uint8_t { flat, daily, weekly };

/// After how many hours it begins again.
[[nodiscard]] std::size_t period_of(season_kind kind);

struct season {
  season_kind kind = season_kind::flat;
  /// Changes per second, Monday 00:00 first, by the clock of the database.
  std::array<double, hours_of_week> per_second{};
  /// All of them grow (or shrink) in an hour by this logarithm; as they are
  /// given they hold at `grown_at`.
  double growth = 0;
  wall_time grown_at;
  /// Growth is believed to go on for so many hours after that.
  double believed_hours = 0;

  /// By what factor changes at `when` differ from `per_second`.
  [[nodiscard]] double grown(wall_time when) const;

  bool operator==(const season&) const = default;
};

/// Hours of the week at moments, by the clock of a time zone. An unknown zone
/// is taken for UTC.
class week_clock {
public:
  week_clock(const std::string& zone, wall_time from, wall_time until);

  /// 0 is Monday 00:00 to 01:00.
  [[nodiscard]] std::size_t hour_at(wall_time when) const;

private:
  struct stretch {
    wall_time from;
    std::chrono::seconds offset;
  };
  /// In ascending order; the first holds for all that was before, too.
  std::vector<stretch> stretches_;
};

/// Learns from `hours` (oldest first, without gaps). Chooses the season that
/// foretells each day best from the others; the flat one unless another is
/// clearly better, or single times of day stand out.
[[nodiscard]] season learn_season(const std::vector<hour_of_changes>& hours,
                                  const week_clock& clock);

} // namespace pgtrickle
