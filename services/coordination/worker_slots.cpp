#include "services/coordination/worker_slots.hpp"

#include <algorithm>
#include <tuple>

namespace pgtrickle {

void worker_slots::want(oid database, std::uint32_t quota, time_point now) {
  auto& c = claims_[database];
  c.own_quota = quota;
  if (c.waiting++ > 0)
    return;
  c.since = now;
  c.turn = ++last_turn_;
}

void worker_slots::give_back(oid database) {
  const auto found = claims_.find(database);
  if (found == claims_.end() || found->second.active == 0)
    return;
  auto& c = found->second;
  --c.active;
  if (c.active + c.waiting == 0)
    claims_.erase(found);
}

std::optional<oid> worker_slots::grant(time_point now) {
  auto next = claims_.end();
  for (auto it = claims_.begin(); it != claims_.end(); ++it)
    if (may_begin(it->second, now)
        && (next == claims_.end() || goes_first(it->second, next->second)))
      next = it;
  if (next == claims_.end())
    return std::nullopt;
  auto& c = next->second;
  --c.waiting;
  ++c.active;
  c.since = now;
  c.turn = ++last_turn_;
  return next->first;
}

std::optional<worker_slots::time_point>
worker_slots::next_look(time_point now) const {
  std::optional<time_point> next;
  for (const auto& [database, c] : claims_)
    if (c.waiting > 0 && is_owed(c) && c.since + patience > now)
      next = std::min(next.value_or(time_point::max()), c.since + patience);
  return next;
}

std::uint32_t worker_slots::active() const {
  return active_within([](const claim& c) { return c.active; });
}

std::uint32_t worker_slots::active(oid database) const {
  const auto found = claims_.find(database);
  return found == claims_.end() ? 0 : found->second.active;
}

std::uint32_t worker_slots::quota_of(const claim& c) const {
  return c.own_quota > 0 ? c.own_quota : limits_.quota;
}

bool worker_slots::may_begin(const claim& c, time_point now) const {
  if (c.waiting == 0)
    return false;
  if (c.active >= quota_of(c))
    return limits_.lends && active() < limits_.share;
  return active() < std::max(limits_.share, limits_.guaranteed)
         || (now - c.since >= patience && is_owed(c));
}

/// What others have beyond their quotas, and a second worker of others while it
/// has none, is not held against it.
bool worker_slots::is_owed(const claim& c) const {
  const auto all = std::max(limits_.share, limits_.guaranteed);
  const auto within_quota
    = active_within([this](const claim& other) { return quota_of(other); });
  const auto first_ones = active_within([](const claim&) { return 1U; });
  return (c.active < quota_of(c) && within_quota < all)
         || (c.active == 0 && first_ones < all);
}

bool worker_slots::goes_first(const claim& a, const claim& b) const {
  const auto borrowed = [this](const claim& c) {
    const auto quota = quota_of(c);
    return c.active < quota ? 0 : c.active - quota + 1;
  };
  return std::tuple{borrowed(a), a.turn} < std::tuple{borrowed(b), b.turn};
}

template <class Most>
std::uint32_t worker_slots::active_within(Most most) const {
  std::uint32_t sum = 0;
  for (const auto& [database, c] : claims_)
    sum += std::min(c.active, most(c));
  return sum;
}

} // namespace pgtrickle
