#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace pgtrickle::test {

/// A wire between a program and a server on 127.0.0.1, which can be cut:
/// nothing gets through then, and neither end is told.
class tcp_proxy {
public:
  /// Leads to port `to`.
  explicit tcp_proxy(std::uint16_t to);
  tcp_proxy(const tcp_proxy&) = delete;
  tcp_proxy& operator=(const tcp_proxy&) = delete;
  ~tcp_proxy();

  [[nodiscard]] std::uint16_t port() const { return port_; }

  void cut() { is_cut_ = true; }
  /// What was sent in the meantime arrives.
  void mend() { is_cut_ = false; }

private:
  struct wire {
    int client;
    int server;
  };

  void carry();
  void accept_one();
  /// False: one end is gone.
  [[nodiscard]] static bool pass(int from, int to);

  std::uint16_t to_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::vector<wire> wires_;
  std::atomic<bool> is_cut_ = false;
  std::atomic<bool> goes_on_ = true;
  std::thread thread_;
};

} // namespace pgtrickle::test
