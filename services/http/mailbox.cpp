#include "services/http/mailbox.hpp"

#include <sys/eventfd.h>

#include <unistd.h>
#include <utility>

namespace pgtrickle::http {

mailbox::mailbox() : wakes_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

mailbox::~mailbox() { ::close(wakes_); }

bool mailbox::deliver(delivery piece) {
  {
    const std::scoped_lock lock{mutex_};
    if (!waiting_.contains(piece.to))
      return false;
    pieces_.push_back(std::move(piece));
  }
  wake();
  return true;
}

bool mailbox::waits(client who) {
  const std::scoped_lock lock{mutex_};
  return waiting_.contains(who);
}

void mailbox::open(client who) {
  const std::scoped_lock lock{mutex_};
  waiting_.insert(who);
}

void mailbox::close(client who) {
  const std::scoped_lock lock{mutex_};
  waiting_.erase(who);
}

void mailbox::close_all() {
  const std::scoped_lock lock{mutex_};
  waiting_.clear();
}

std::vector<mailbox::delivery> mailbox::take() {
  std::uint64_t times = 0;
  static_cast<void>(::read(wakes_, &times, sizeof(times)));
  const std::scoped_lock lock{mutex_};
  return std::exchange(pieces_, {});
}

void mailbox::wake() const {
  const std::uint64_t once = 1;
  static_cast<void>(::write(wakes_, &once, sizeof(once)));
}

} // namespace pgtrickle::http
