#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string_view>
#include <vector>

namespace pgtrickle::bench {

/// Runs `action` `runs` times, each after an unmeasured `prepare`; returns the
/// median in milliseconds.
inline double median_ms(int runs, const std::function<void()>& prepare,
                        const std::function<void()>& action) {
  using clock = std::chrono::steady_clock;
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    prepare();
    const auto start = clock::now();
    action();
    times.push_back(
      std::chrono::duration<double, std::milli>(clock::now() - start).count());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

/// Prints one line of the table that bench/run puts together: what was
/// measured, in how many runs, the figure and the one that it is compared with.
inline void report(std::string_view what, int runs, double ms,
                   std::string_view against, double against_ms) {
  std::cout << what << '\t' << runs << '\t' << ms << '\t' << against << '\t'
            << against_ms << std::endl;
}

[[noreturn]] inline void give_up(std::string_view why) {
  std::cerr << why << std::endl;
  std::exit(1);
}

} // namespace pgtrickle::bench
