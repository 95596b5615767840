#pragma once

#include "services/core/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace pgtrickle::config {

/// Where a server listens.
struct listen_address {
  /// Without the brackets of an IPv6 address.
  std::string host;
  std::uint16_t port = 0;

  bool operator==(const listen_address&) const = default;
};

/// Whether only this host can reach it.
[[nodiscard]] bool is_loopback(const listen_address& address);

/// Reads `host:port` or `[ipv6]:port`. Errors: invalid_argument.
[[nodiscard]] result<listen_address>
parse_listen_address(std::string_view text);

} // namespace pgtrickle::config
