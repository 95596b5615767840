#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace pgtrickle::bench {

/// Clients of a server on this host that do it no good, until they are told to
/// end.
class http_flood {
public:
  /// `slow` connections at any time send a byte a second.
  http_flood(std::uint16_t port, int slow);
  http_flood(const http_flood&) = delete;
  http_flood& operator=(const http_flood&) = delete;
  ~http_flood() { static_cast<void>(end()); }

  /// How many senseless requests got an error, or the connection's end, for an
  /// answer.
  long end();

private:
  void send_nonsense();
  void send_slowly(int connections);

  std::uint16_t port_;
  std::atomic<bool> is_over_ = false;
  std::atomic<long> refused_ = 0;
  std::vector<std::thread> threads_;
};

/// This process, and what it starts, runs when nothing else does: in a session
/// of its own, by which Linux shares processors out.
void leave_the_processor_to_others();

/// Whether /metrics is there, all of it.
bool is_scraped(std::uint16_t port);

} // namespace pgtrickle::bench
