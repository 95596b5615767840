#include "services/postgres/connection_gate.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle::postgres {

namespace {

constexpr std::chrono::milliseconds first_pause{100};
constexpr std::chrono::milliseconds longest_pause{3000};

} // namespace

connection_gate::connection_gate(
  std::size_t limit, std::function<void(const std::string&)> on_wait)
  : limit_(limit), on_wait_(std::move(on_wait)) {}

result<std::shared_ptr<void>> connection_gate::enter(bool lasts) {
  std::unique_lock lock{mutex_};
  if (!has_room(lasts)) {
    tell(fmt::format("{} connections are open, as many as max-connections "
                     "allows",
                     open_));
    ++waiting_;
    changed_.wait_for(lock, patience,
                      [&] { return is_closed_ || has_room(lasts); });
    --waiting_;
    if (!has_room(lasts))
      return fail(errc::overloaded,
                  fmt::format("no connection to PostgreSQL was free for {} s",
                              patience.count()),
                  "Raise the daemon's option max-connections.");
  }
  ++open_;
  if (lasts)
    ++lasting_;
  return std::shared_ptr<void>{
    this, [gate = shared_from_this(), lasts](void*) { gate->leave(lasts); }};
}

bool connection_gate::has_room(bool lasts) const {
  if (limit_ == 0)
    return true;
  const auto spare = std::min(std::max<std::size_t>(limit_ / 4, 2), limit_ - 1);
  return open_ < limit_ && (!lasts || lasting_ < limit_ - spare);
}

void connection_gate::leave(bool lasts) {
  const std::lock_guard lock{mutex_};
  --open_;
  if (lasts)
    --lasting_;
  changed_.notify_all();
}

/// With a random part: what was turned away together does not come back
/// together.
bool connection_gate::pause(int failures, const std::string& reason) {
  std::unique_lock lock{mutex_};
  tell(reason);
  const auto doubled = first_pause * (1 << std::min(failures - 1, 5));
  const auto most = std::min<milliseconds>(doubled, longest_pause).count();
  const milliseconds delay{
    std::uniform_int_distribution<long>{most / 2, most}(random_)};
  ++waiting_;
  changed_.wait_for(lock, delay, [&] { return is_closed_; });
  --waiting_;
  return !is_closed_;
}

bool connection_gate::is_pressed() const {
  const std::lock_guard lock{mutex_};
  return waiting_ > 0;
}

void connection_gate::close() {
  const std::lock_guard lock{mutex_};
  is_closed_ = true;
  changed_.notify_all();
}

void connection_gate::tell(const std::string& reason) const {
  if (on_wait_)
    on_wait_(reason);
}

} // namespace pgtrickle::postgres
