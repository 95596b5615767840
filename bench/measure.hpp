#pragma once

#include "services/core/result.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string_view>
#include <vector>

namespace pgtrickle::bench {

/// How long `action` takes, in milliseconds.
inline double timed_ms(const std::function<void()>& action) {
  using clock = std::chrono::steady_clock;
  const auto start = clock::now();
  action();
  return std::chrono::duration<double, std::milli>(clock::now() - start)
    .count();
}

/// The share `q` of the values is not above this one; `values` is not empty.
inline double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<std::size_t>(q * last + 0.5)];
}

inline double median(std::vector<double> values) {
  return quantile(std::move(values), 0.5);
}

/// Runs `action` `runs` times, each after an unmeasured `prepare`; returns the
/// median in milliseconds.
inline double median_ms(int runs, const std::function<void()>& prepare,
                        const std::function<void()>& action) {
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    prepare();
    times.push_back(timed_ms(action));
  }
  return median(std::move(times));
}

/// Runs every action once, in another order each turn, so that none always
/// meets what the one before it left in the caches; returns the milliseconds of
/// each. `before` runs before each, untimed.
inline std::vector<double> in_turns(
  std::size_t turn, const std::vector<std::function<void()>>& actions,
  const std::function<void()>& before = [] {}) {
  std::vector<double> times(actions.size());
  for (std::size_t i = 0; i < actions.size(); ++i) {
    const auto at = (turn + i) % actions.size();
    before();
    times[at] = timed_ms(actions[at]);
  }
  return times;
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

/// The value of `x`; ends the program with its message if it has none.
template <class T>
T or_give_up(result<T> x) {
  if (!x)
    give_up(x.error().message);
  if constexpr (!std::is_void_v<T>)
    return std::move(*x);
}

} // namespace pgtrickle::bench
