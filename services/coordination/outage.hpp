#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace pgtrickle {

/// Whether a database that was owned is out of reach for long enough to tell.
class outage {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// A restart or a fail-over that goes well takes less.
  static constexpr std::chrono::seconds told_after{5};

  /// It is owned.
  void over() { epoch_.reset(); }

  /// Who owned it under `epoch` has lost it.
  void began(std::int64_t epoch, time_point now) {
    epoch_ = epoch;
    since_ = now;
  }

  /// It was tried in vain. Returns the epoch if that is to be told: once.
  [[nodiscard]] std::optional<std::int64_t> tried(time_point now) {
    if (!epoch_ || now - since_ < told_after)
      return std::nullopt;
    const auto epoch = epoch_;
    epoch_.reset();
    return epoch;
  }

private:
  std::optional<std::int64_t> epoch_;
  time_point since_{};
};

} // namespace pgtrickle
