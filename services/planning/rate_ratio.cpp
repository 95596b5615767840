#include "services/planning/rate_ratio.hpp"

namespace pgtrickle {

namespace {

/// Fewer make no spread.
constexpr std::size_t fewest = 6;

double busy_from(const season& by_hour) {
  if (by_hour.kind == season_kind::flat)
    return 0;
  std::vector<weighed> rates;
  for (auto rate : by_hour.per_second)
    rates.push_back({rate, rate});
  return weighted_quantile(rates, 0.5);
}

} // namespace

rate_ratio_collector::rate_ratio_collector(const season& by_hour)
  : busy_from_(busy_from(by_hour)) {}

void rate_ratio_collector::add(double per_second, const weighed& ratio) {
  (per_second < busy_from_ ? quiet_ : busy_).push_back(ratio);
}

rate_ratio rate_ratio_collector::take() {
  if (quiet_.size() < fewest || busy_.size() < fewest) {
    busy_.insert(busy_.end(), quiet_.begin(), quiet_.end());
    quiet_.clear();
  }
  rate_ratio result;
  if (!busy_.empty())
    result.busy = spread_of(std::move(busy_));
  result.quiet = quiet_.empty() ? result.busy : spread_of(std::move(quiet_));
  result.busy_from = busy_from_;
  return result;
}

} // namespace pgtrickle
