#pragma once

#include <chrono>

namespace pgtrickle::test {

/// Adds the time from here to the end of the scope.
class stopwatch {
public:
  explicit stopwatch(double& seconds) : seconds_(seconds) {}
  stopwatch(const stopwatch&) = delete;
  stopwatch& operator=(const stopwatch&) = delete;
  ~stopwatch() {
    seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now()
                                              - start_)
                  .count();
  }

private:
  double& seconds_;
  std::chrono::steady_clock::time_point start_
    = std::chrono::steady_clock::now();
};

} // namespace pgtrickle::test
