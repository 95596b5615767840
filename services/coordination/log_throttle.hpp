#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace pgtrickle {

/// Lets a repeated event be logged now and then, with how often it occurred.
class log_throttle {
public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit log_throttle(std::chrono::seconds interval) : interval_(interval) {}

  /// The number of occurrences since the last time, when it is time to log.
  [[nodiscard]] std::optional<std::uint64_t> occurred(time_point now) {
    ++count_;
    if (logged_at_ && now - *logged_at_ < interval_)
      return std::nullopt;
    logged_at_ = now;
    return std::exchange(count_, 0);
  }

private:
  std::chrono::seconds interval_;
  std::optional<time_point> logged_at_;
  std::uint64_t count_ = 0;
};

} // namespace pgtrickle
