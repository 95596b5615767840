#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

namespace pgtrickle {

/// Whether refreshes fall due faster than workers carry them out: some have
/// waited for longer than their tables' slack, and that for a while.
class queue_pressure {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// How long it takes to be believed, either way.
  static constexpr std::chrono::seconds grace{5};

  /// Takes in how many orders are late. Returns the news: true when the queue
  /// has fallen behind, false when it has caught up.
  [[nodiscard]] std::optional<bool> observe(std::size_t late, time_point now) {
    if ((late > 0) == is_behind_) {
      differs_since_.reset();
      return std::nullopt;
    }
    if (!differs_since_)
      differs_since_ = now;
    if (now - *differs_since_ < grace)
      return std::nullopt;
    differs_since_.reset();
    is_behind_ = !is_behind_;
    return is_behind_;
  }

  [[nodiscard]] bool is_behind() const { return is_behind_; }

private:
  bool is_behind_ = false;
  std::optional<time_point> differs_since_;
};

} // namespace pgtrickle
