#include "services/dashboard/board.hpp"

namespace pgtrickle::dashboard {

namespace {

board::time_point now() { return std::chrono::steady_clock::now(); }

} // namespace

void board::wake_with(std::function<void()> wake) {
  const std::lock_guard guard{mutex_};
  wake_ = std::move(wake);
}

void board::look() {
  std::function<void()> wake;
  {
    const std::lock_guard guard{mutex_};
    if (now() - looked_at_ >= attention)
      wake = wake_;
    looked_at_ = now();
  }
  if (wake)
    wake();
}

bool board::is_looked_at() const {
  const std::lock_guard guard{mutex_};
  return now() - looked_at_ < attention;
}

void board::publish(nlohmann::json status) {
  {
    const std::lock_guard guard{mutex_};
    const auto number = last_ ? last_->number + 1 : 1;
    status["edition"] = number;
    last_ = std::make_shared<const edition>(edition{number, std::move(status)});
    published_at_ = now();
  }
  changed_.notify_all();
}

edition_ptr board::newer_than(std::uint64_t number, milliseconds limit) const {
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, limit,
                    [&] { return last_ && last_->number > number; });
  return last_ && last_->number > number ? last_ : nullptr;
}

edition_ptr board::current(milliseconds limit) {
  look();
  std::uint64_t seen = 0;
  {
    const std::lock_guard guard{mutex_};
    if (last_ && now() - published_at_ < stale_after)
      return last_;
    if (last_)
      seen = last_->number;
  }
  return newer_than(seen, limit);
}

std::shared_ptr<void> board::follow(const std::shared_ptr<board>& on) {
  const std::lock_guard guard{on->mutex_};
  if (on->followers_ >= max_followers)
    return nullptr;
  ++on->followers_;
  return {on.get(), [on](void*) {
            const std::lock_guard leaving{on->mutex_};
            --on->followers_;
          }};
}

} // namespace pgtrickle::dashboard
