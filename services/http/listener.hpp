#pragma once

#include "services/core/result.hpp"

#include <cstdint>
#include <string>

namespace pgtrickle::http {

/// A socket that others connect to.
class listener {
public:
  /// On `host:port` or `[ipv6]:port`. Errors: port_in_use (with who holds it,
  /// if that can be seen), invalid_argument (no such address).
  [[nodiscard]] static result<listener> open(const std::string& address);

  listener(listener&& other) noexcept;
  listener& operator=(listener&&) = delete;
  ~listener();

  /// A new connection's socket, non-blocking; -1: nobody waits.
  [[nodiscard]] int accept() const;
  [[nodiscard]] int descriptor() const { return socket_; }
  /// Whether only this host can connect.
  [[nodiscard]] bool is_loopback() const { return is_loopback_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }

private:
  listener(int socket, bool is_loopback, std::uint16_t port)
    : socket_(socket), is_loopback_(is_loopback), port_(port) {}

  int socket_;
  bool is_loopback_;
  std::uint16_t port_;
};

} // namespace pgtrickle::http
