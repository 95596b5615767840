#pragma once

#include <chrono>

namespace pgtrickle {

/// How long to wait before the next attempt.
struct backoff {
  std::chrono::milliseconds initial{1000};
  /// No delay is longer, whatever the jitter.
  std::chrono::milliseconds cap{60'000};
  /// The fraction by which a delay may deviate, so that what failed together
  /// does not come back together.
  double jitter = 0.2;

  /// The delay after `failures` in a row (at least one): doubled for each.
  /// `random` is uniform in [0, 1).
  [[nodiscard]] std::chrono::milliseconds delay(int failures,
                                                double random) const;
};

} // namespace pgtrickle
