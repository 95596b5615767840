#include "services/postgres/doorbell.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace pgtrickle::postgres {

namespace {

int valid(int descriptor) {
  if (descriptor < 0)
    throw std::system_error{errno, std::generic_category(), "doorbell"};
  return descriptor;
}

} // namespace

doorbell::doorbell()
  : epoll_(valid(epoll_create1(EPOLL_CLOEXEC))),
    end_(valid(eventfd(0, EFD_CLOEXEC))) {
  epoll_event ending{EPOLLIN, {.fd = end_}};
  valid(epoll_ctl(epoll_, EPOLL_CTL_ADD, end_, &ending));
  thread_ = std::thread{[this] { wait(); }};
}

doorbell::~doorbell() {
  eventfd_write(end_, 1);
  thread_.join();
  close(end_);
  close(epoll_);
}

void doorbell::ring_once(int socket, std::function<void()> ring) {
  const std::scoped_lock lock{mutex_};
  rings_[socket] = std::move(ring);
  epoll_event wanted{EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, {.fd = socket}};
  // The kernel forgets a socket that is closed: its number may be another's.
  if (epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &wanted) != 0)
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &wanted);
}

void doorbell::wait() {
  std::array<epoll_event, 64> events{};
  for (;;) {
    const auto count = epoll_wait(epoll_, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      const auto socket = events.at(static_cast<std::size_t>(i)).data.fd;
      if (socket == end_)
        return;
      if (const auto ring = take(socket))
        ring();
    }
  }
}

std::function<void()> doorbell::take(int socket) {
  const std::scoped_lock lock{mutex_};
  const auto found = rings_.find(socket);
  return found == rings_.end() ? nullptr
                               : std::exchange(found->second, nullptr);
}

} // namespace pgtrickle::postgres
