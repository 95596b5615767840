#include "services/config/listen_address.hpp"

#include <fmt/format.h>

#include <charconv>

namespace pgtrickle::config {

bool is_loopback(const listen_address& address) {
  return address.host == "localhost" || address.host == "::1"
         || address.host.starts_with("127.");
}

result<listen_address> parse_listen_address(std::string_view text) {
  const auto malformed = [&] {
    return fail(errc::invalid_argument,
                fmt::format("malformed listen address \"{}\"", text),
                "Write host:port, for example 127.0.0.1:10027.");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return malformed();
  auto host = text.substr(0, colon);
  const auto bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed)
    host = host.substr(1, host.size() - 2);
  if (host.empty() || (!bracketed && host.find(':') != std::string_view::npos))
    return malformed();
  listen_address address{std::string{host}};
  const auto* end = text.data() + text.size();
  const auto [stop, error]
    = std::from_chars(text.data() + colon + 1, end, address.port);
  if (error != std::errc{} || stop != end)
    return malformed();
  return address;
}

} // namespace pgtrickle::config
