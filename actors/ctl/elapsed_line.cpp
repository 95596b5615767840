#include "actors/ctl/elapsed_line.hpp"

#include <fmt/format.h>

#include <utility>

namespace pgtrickle::ctl {

namespace {

constexpr std::chrono::milliseconds period{300};

} // namespace

elapsed_line::elapsed_line(console& c, std::string what) {
  if (!c.is_terminal())
    return;
  thread_ = std::thread([this, &c, what = std::move(what)] {
    const auto begin = std::chrono::steady_clock::now();
    std::unique_lock waiting{mutex_};
    while (!ending_.wait_for(waiting, period, [this] { return ended_; })) {
      const auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(
        std::chrono::steady_clock::now() - begin);
      c.status(fmt::format("{}: {} s", what, elapsed.count()));
    }
  });
}

elapsed_line::~elapsed_line() {
  {
    const std::lock_guard alone{mutex_};
    ended_ = true;
  }
  ending_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

} // namespace pgtrickle::ctl
