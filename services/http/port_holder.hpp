#pragma once

#include <cstdint>
#include <string>

namespace pgtrickle::http {

/// Who listens on the TCP port of this host, as `name (process n)`; empty: not
/// known, for example because the process is another user's.
[[nodiscard]] std::string holder_of_port(std::uint16_t port);

} // namespace pgtrickle::http
