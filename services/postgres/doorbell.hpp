#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace pgtrickle::postgres {

/// Tells when something arrives at sockets: one thread for all of them, which
/// sleeps until then. So a session that waits for notifications costs nothing.
/// Safe to use from all threads.
class doorbell {
public:
  doorbell();
  doorbell(const doorbell&) = delete;
  doorbell& operator=(const doorbell&) = delete;
  ~doorbell();

  /// Calls `ring` once, soon after something can be read from `socket` or its
  /// peer is gone; at once if that is so already. Takes the place of what was
  /// asked for the socket before; a socket that is closed never rings.
  /// `ring` is called by the doorbell's thread, and must not block.
  void ring_once(int socket, std::function<void()> ring);

private:
  void wait();
  [[nodiscard]] std::function<void()> take(int socket);

  int epoll_;
  /// Readable when the doorbell ends.
  int end_;
  std::mutex mutex_;
  std::map<int, std::function<void()>> rings_;
  std::thread thread_;
};

} // namespace pgtrickle::postgres
