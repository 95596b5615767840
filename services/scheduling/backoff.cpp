#include "services/scheduling/backoff.hpp"

#include <algorithm>
#include <cmath>

namespace pgtrickle {

std::chrono::milliseconds backoff::delay(int failures, double random) const {
  const auto limit = static_cast<double>(cap.count());
  const auto doubled = std::ldexp(static_cast<double>(initial.count()),
                                  std::max(failures, 1) - 1);
  const auto deviation = 1 + jitter * (2 * random - 1);
  const auto delay = std::min(std::min(doubled, limit) * deviation, limit);
  return std::chrono::milliseconds{std::llround(delay)};
}

} // namespace pgtrickle
