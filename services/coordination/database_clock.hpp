#pragma once

#include <chrono>

namespace pgtrickle {

/// Reads the database's clock from a distance: one reading of it, carried
/// forward by the monotonic clock, so that a jump of this host's does nothing.
class database_clock {
public:
  using steady = std::chrono::steady_clock::time_point;
  using database_time = std::chrono::sys_time<std::chrono::microseconds>;

  database_clock() = default;
  database_clock(database_time reading, steady read_at)
    : reading_(reading), read_at_(read_at) {}

  [[nodiscard]] database_time at(steady moment) const {
    return reading_
           + std::chrono::duration_cast<std::chrono::microseconds>(moment
                                                                   - read_at_);
  }

  /// The moment at which the database's clock shows `time`.
  [[nodiscard]] steady moment_of(database_time time) const {
    return read_at_ + (time - reading_);
  }

private:
  database_time reading_{};
  steady read_at_{};
};

} // namespace pgtrickle
