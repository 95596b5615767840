#include "services/coordination/lag_ledger.hpp"

#include <algorithm>

namespace pgtrickle {

namespace {

/// By the nearest rank; those that are not in `shares` are at 0.
double percentile_95(std::vector<double> shares, std::size_t of) {
  const auto above = of - (of * 95 + 99) / 100;
  if (above >= shares.size())
    return 0;
  std::ranges::sort(shares, std::greater<>{});
  return shares[above];
}

} // namespace

lag_ledger::lags lag_ledger::look(const std::vector<late_table>& late,
                                  std::size_t targeted, time_point now) {
  std::map<stream_table_id, time_point> clean_at;
  std::vector<double> shares;
  lags found;
  for (const auto& table : late) {
    const auto known = clean_at_.find(table.id);
    const auto clean = known != clean_at_.end()
                         ? known->second
                         : last_look_.value_or(time_point{});
    clean_at[table.id] = clean;
    const auto lag = std::max(now - std::max(table.data_of, clean),
                              std::chrono::milliseconds{0});
    found.worst = std::max(found.worst, lag);
    if (table.target)
      found.targeted[table.id] = lag;
    if (table.target && table.target->count() > 0)
      shares.push_back(static_cast<double>(lag.count())
                       / static_cast<double>(table.target->count()));
  }
  clean_at_ = std::move(clean_at);
  last_look_ = now;
  found.share_p95 = percentile_95(shares, std::max(targeted, shares.size()));
  return found;
}

void lag_ledger::all_fresh(time_point now) {
  clean_at_.clear();
  last_look_ = now;
}

} // namespace pgtrickle
