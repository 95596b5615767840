#include "bench/planner/trace.hpp"

#include <algorithm>
#include <cmath>

namespace pgtrickle::bench {

namespace {

/// Of a refresh's fixed part, and of what it does for each change.
constexpr double jitter = 0.25;
constexpr double noise = 0.07;

/// One refresh in a hundred is held up, by a checkpoint or a lock, for so many
/// ms on the average.
constexpr double stalls = 0.01;
constexpr double stall_ms = 3000;

/// Other refreshes come by themselves, and many at once at night.
constexpr double others_every = 3;
constexpr double others_median = 2;
constexpr double others_sigma = 1.1;
constexpr double night = 3 * 3600;
constexpr int nightly_jobs = 24;
constexpr double nightly_median = 15;

std::vector<other_job> other_jobs(double seconds, std::mt19937_64& random) {
  std::lognormal_distribution<double> small{std::log(others_median),
                                            others_sigma};
  std::lognormal_distribution<double> large{std::log(nightly_median), 0.8};
  std::exponential_distribution<double> distance{1 / others_every};
  std::vector<other_job> jobs;
  for (double at = 0; at < seconds; at += distance(random))
    jobs.push_back({at, small(random)});
  for (double at = night; at < seconds; at += 86400)
    for (int i = 0; i < nightly_jobs; ++i)
      jobs.push_back({at, large(random)});
  std::ranges::sort(jobs, {}, &other_job::at);
  return jobs;
}

} // namespace

trace::trace(const workload& kind, std::size_t days, std::uint64_t seed)
  : kind_(kind), seed_(seed) {
  std::mt19937_64 random{seed};
  const auto changes = kind.changes(days * 86400, random);
  sums_.reserve(changes.size() + 1);
  sums_.push_back(0);
  for (auto x : changes)
    sums_.push_back(sums_.back() + x);
  next_.resize(changes.size());
  auto next = static_cast<std::uint32_t>(changes.size());
  for (auto s = changes.size(); s-- > 0;) {
    if (changes[s] > 0)
      next = static_cast<std::uint32_t>(s);
    next_[s] = next;
  }
  others_ = other_jobs(seconds(), random);
}

double trace::sum_at(double second) const {
  const auto bounded = std::clamp(second, 0.0, seconds());
  const auto whole = std::floor(bounded);
  const auto i = static_cast<std::size_t>(whole);
  if (i + 1 >= sums_.size())
    return sums_.back();
  return sums_[i] + (sums_[i + 1] - sums_[i]) * (bounded - whole);
}

double trace::changes(double from, double until) const {
  return std::round(sum_at(until) - sum_at(from));
}

double trace::first_change(double from) const {
  const auto i = static_cast<std::size_t>(std::max(from, 0.0));
  if (i >= next_.size())
    return seconds();
  return std::max(from, static_cast<double>(next_[i]) + 0.5);
}

double trace::expected_seconds(double changes, double at) const {
  const auto& [fixed, each, growth] = kind_.costs;
  return (fixed + each * changes) * std::pow(1 + growth, at / 86400) / 1000;
}

double trace::refresh_seconds(double changes, double at, std::size_t n) const {
  std::mt19937_64 random{seed_ * 1000003 + n};
  std::normal_distribution<double> normal;
  const auto& [fixed, each, growth] = kind_.costs;
  auto ms = fixed * std::exp(jitter * normal(random))
            + each * changes * std::exp(noise * normal(random));
  std::uniform_real_distribution<double> share;
  if (share(random) < stalls)
    ms += std::exponential_distribution{1 / stall_ms}(random);
  return ms * std::pow(1 + growth, at / 86400) / 1000;
}

wall_time trace::wall(double second) {
  return trace_begin + std::chrono::milliseconds{std::llround(1000 * second)};
}

worker_queue::worker_queue(const trace& of) : others_(of.others()) {}

double worker_queue::start(double due) {
  for (; next_ < others_.size() && others_[next_].at <= due; ++next_) {
    auto& first = *std::ranges::min_element(free_at_);
    first = std::max(first, others_[next_].at) + others_[next_].seconds;
  }
  return std::max(*std::ranges::min_element(free_at_), due);
}

void worker_queue::occupy(double until) {
  *std::ranges::min_element(free_at_) = until;
}

} // namespace pgtrickle::bench
