#pragma once

#include <chrono>
#include <optional>

namespace pgtrickle {

/// When to look next, for who may have it brought forward. Wake-ups that were
/// ordered before that strike in vain.
class look_clock {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Returns whether a wake-up at `at` has to be ordered.
  [[nodiscard]] bool set(time_point at) {
    if (at_ && *at_ <= at)
      return false;
    at_ = at;
    return true;
  }

  /// Whether a wake-up at `now` is the one that was meant.
  [[nodiscard]] bool strikes(time_point now) {
    if (!at_ || now < *at_)
      return false;
    at_.reset();
    return true;
  }

private:
  std::optional<time_point> at_;
};

} // namespace pgtrickle
