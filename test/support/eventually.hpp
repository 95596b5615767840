#pragma once

#include <chrono>
#include <poll.h>

namespace pgtrickle::test {

using namespace std::chrono_literals;

/// Whether `condition` comes true within `limit`; it is asked every few
/// milliseconds.
template <class Condition>
[[nodiscard]] bool eventually(std::chrono::milliseconds limit,
                              Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline)
      return false;
    poll(nullptr, 0, 10);
  }
  return true;
}

/// Whether `condition` holds now and until `period` has passed.
template <class Condition>
[[nodiscard]] bool throughout(std::chrono::milliseconds period,
                              Condition condition) {
  return !eventually(period, [&] { return !condition(); });
}

/// Milliseconds that `action` takes.
template <class Action>
double duration_of(Action action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double, std::milli>(
           std::chrono::steady_clock::now() - start)
    .count();
}

} // namespace pgtrickle::test
