// A refresh a minute is late when it takes more than half a minute, so that
// each workload is busy enough to miss its target now and then; how often that
// happens follows from its seed.

#include "bench/planner/trace.hpp"

#include <algorithm>
#include <cmath>

namespace pgtrickle::bench {

namespace {

using rng = std::mt19937_64;
using series = std::vector<double>;

constexpr double hour = 3600;
constexpr double day = 86400;

double exponential(rng& random, double mean) {
  return std::exponential_distribution{1 / mean}(random);
}

/// With the median 1.
double lognormal(rng& random, double sigma) {
  return std::lognormal_distribution{0.0, sigma}(random);
}

double uniform(rng& random, double low, double high) {
  return std::uniform_real_distribution{low, high}(random);
}

/// Statements of `rows` rows that come by themselves, `rate` rows a second.
double arrivals(rng& random, double rate, double rows = 5) {
  const auto mean = rate / rows;
  if (mean <= 0)
    return 0;
  if (mean > 50)
    return rows
           * std::max(0.0, std::round(std::normal_distribution{
                             mean, std::sqrt(mean)}(random)));
  return rows * std::poisson_distribution<int>{mean}(random);
}

/// Some peaks are many times as high as others, but none so high that a worker
/// could not keep up.
double peak_height(rng& random, double median) {
  return std::min(median * lognormal(random, 0.6), 1100.0);
}

/// Rises within the hour around `from`, and falls within the one around
/// `until`.
double plateau(double hours, double from, double until) {
  const auto rise = std::clamp(hours - from + 0.5, 0.0, 1.0);
  const auto fall = std::clamp(until - hours + 0.5, 0.0, 1.0);
  return std::min(rise, fall);
}

template <class Rate>
series by_rate(std::size_t seconds, rng& random, Rate rate) {
  series result(seconds);
  for (std::size_t s = 0; s < seconds; ++s)
    result[s] = arrivals(random, rate(static_cast<double>(s)));
  return result;
}

series steady(std::size_t seconds, rng& random) {
  return by_rate(seconds, random, [](double) { return 50.0; });
}

series daily_peak(std::size_t seconds, rng& random) {
  double height = 0;
  return by_rate(seconds, random, [&](double s) {
    if (std::fmod(s, day) == 0)
      height = peak_height(random, 400);
    return 30 + height * plateau(std::fmod(s, day) / hour, 9, 12);
  });
}

series weekly_peak(std::size_t seconds, rng& random) {
  double height = 0;
  return by_rate(seconds, random, [&](double s) {
    const auto weekday = std::fmod(std::floor(s / day), 7.0);
    if (std::fmod(s, day) == 0)
      height = weekday == 0 ? peak_height(random, 500) : 0;
    return (weekday < 5 ? 20 : 10)
           + height * plateau(std::fmod(s, day) / hour, 9, 13);
  });
}

series growth(std::size_t seconds, rng& random) {
  return by_rate(seconds, random,
                 [](double s) { return 60 * std::pow(1.09, s / day); });
}

series step(std::size_t seconds, rng& random) {
  const auto at = static_cast<double>(seconds) * uniform(random, 0.55, 0.85);
  const auto height = uniform(random, 4, 9);
  return by_rate(seconds, random,
                 [&](double s) { return s < at ? 80 : 80 * height; });
}

series bursts(std::size_t seconds, rng& random) {
  double next = exponential(random, 5 * hour);
  double until = 0;
  double height = 0;
  return by_rate(seconds, random, [&](double s) {
    if (s >= next) {
      until = s + exponential(random, 600);
      next = until + exponential(random, 5 * hour);
      height = 100 * std::pow(10, uniform(random, 0, 1));
    }
    return s < until ? height : 20;
  });
}

series heavy_tail(std::size_t seconds, rng& random) {
  series result(seconds);
  for (auto& changes : result)
    for (int n = std::poisson_distribution{1.0}(random); n > 0; --n)
      changes += std::min(
        500000.0, std::floor(20 * std::pow(uniform(random, 0, 1), -1 / 1.3)));
  return result;
}

series idle_then_flood(std::size_t seconds, rng& random) {
  double next = exponential(random, 8 * hour);
  double left = 0;
  series result(seconds);
  for (std::size_t s = 0; s < seconds; ++s) {
    if (static_cast<double>(s) >= next) {
      left += 40000 * lognormal(random, 1);
      next += exponential(random, 8 * hour);
    }
    result[s] = std::floor(std::min(left, 2000.0));
    left -= std::min(left, 2000.0);
  }
  return result;
}

series two_regimes(std::size_t seconds, rng& random) {
  bool high = false;
  double until = exponential(random, 30 * hour);
  double rate = 0;
  return by_rate(seconds, random, [&](double s) {
    if (s >= until) {
      high = !high;
      until = s + exponential(random, (high ? 10 : 30) * hour);
    }
    if (std::fmod(s, hour) == 0)
      rate = peak_height(random, high ? 450 : 50);
    return rate;
  });
}

/// A load each hour, and a larger one at night.
series batch(std::size_t seconds, rng& random) {
  double left = 0;
  series result(seconds);
  for (std::size_t s = 0; s < seconds; ++s) {
    const auto in_day = static_cast<double>(s % 86400);
    if (std::fmod(in_day, hour) == 600)
      left += 80000 * lognormal(random, 0.7);
    if (in_day == 2 * hour)
      left += 300000 * lognormal(random, 0.4);
    result[s] = std::floor(std::min(left, 3000.0)) + arrivals(random, 10);
    left -= std::min(left, 3000.0);
  }
  return result;
}

} // namespace

const std::vector<workload>& workloads() {
  using std::chrono::milliseconds;
  static const std::vector<workload> all{
    {"steady", "60s", milliseconds{75000}, {800, 0.5, 0}, {}, steady},
    {"daily peak",
     "60s",
     milliseconds{75000},
     {800, 0.8, 0},
     true_peak{9, 12, {}},
     daily_peak},
    {"weekly peak",
     "60s",
     milliseconds{75000},
     {800, 0.8, 0},
     true_peak{9, 13, 0},
     weekly_peak},
    {"growth", "60s", milliseconds{75000}, {2000, 0.9, 0.01}, {}, growth},
    {"step", "60s", milliseconds{75000}, {800, 1, 0}, {}, step},
    {"bursts", "60s", milliseconds{75000}, {800, 0.8, 0}, {}, bursts},
    {"heavy tail", "60s", milliseconds{75000}, {800, 0.5, 0}, {}, heavy_tail},
    {"idle then flood",
     "60s",
     milliseconds{75000},
     {500, 0.7, 0},
     {},
     idle_then_flood},
    {"two regimes", "60s", milliseconds{75000}, {800, 0.8, 0}, {}, two_regimes},
    {"cron-driven batch",
     "*/5 * * * *",
     milliseconds{360000},
     {1500, 0.8, 0},
     true_peak{2, 3, {}},
     batch}};
  return all;
}

} // namespace pgtrickle::bench
