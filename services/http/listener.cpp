#include "services/http/listener.hpp"

#include "services/http/port_holder.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <unistd.h>
#include <utility>

namespace pgtrickle::http {

namespace {

/// TCP sends who finds no place away for a second: a burst has to fit in.
constexpr int backlog = 1024;

using addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

struct place {
  std::string host;
  std::string port;
};

place place_of(const std::string& address) {
  const auto colon = std::min(address.rfind(':'), address.size());
  place split{address.substr(0, colon),
              address.substr(std::min(colon + 1, address.size()))};
  if (split.host.starts_with('[') && split.host.ends_with(']'))
    split.host = split.host.substr(1, split.host.size() - 2);
  return split;
}

bool is_of_loopback(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in inet{};
    std::memcpy(&inet, address, sizeof(inet));
    return (ntohl(inet.sin_addr.s_addr) >> 24U) == IN_LOOPBACKNET;
  }
  sockaddr_in6 inet{};
  std::memcpy(&inet, address, sizeof(inet));
  return IN6_IS_ADDR_LOOPBACK(&inet.sin6_addr);
}

std::uint16_t port_of(int socket) {
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size);
  // Both families have it at the same place.
  sockaddr_in inet{};
  std::memcpy(&inet, &bound, sizeof(inet));
  return ntohs(inet.sin_port);
}

/// Errors: port_in_use, invalid_argument.
failure refused(const std::string& address, const std::string& port) {
  if (errno != EADDRINUSE)
    return {errc::invalid_argument,
            fmt::format("http: cannot listen on {}: {}", address,
                        std::strerror(errno)),
            {},
            "Choose an address of this host with --http."};
  std::uint16_t number = 0;
  std::from_chars(port.data(), port.data() + port.size(), number);
  const auto holder = holder_of_port(number);
  return {errc::port_in_use,
          fmt::format("http: cannot listen on {}: it is held by {}", address,
                      holder.empty() ? "another process" : holder),
          {},
          "End that process, or choose another port with --http."};
}

} // namespace

result<listener> listener::open(const std::string& address) {
  const auto [host, port] = place_of(address);
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const auto looked_up
    = ::getaddrinfo(host.c_str(), port.c_str(), &wanted, &found);
  if (looked_up != 0)
    return fail(errc::invalid_argument,
                fmt::format("http: cannot listen on {}: {}", address,
                            gai_strerror(looked_up)),
                "Write host:port, for example 127.0.0.1:10027.");
  const addresses freed{found, &freeaddrinfo};
  const auto socket
    = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0)
    return tl::unexpected(refused(address, port));
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  listener opened{socket, is_of_loopback(found->ai_addr), 0};
  if (::bind(socket, found->ai_addr, found->ai_addrlen) != 0
      || ::listen(socket, backlog) != 0)
    return tl::unexpected(refused(address, port));
  opened.port_ = port_of(socket);
  return opened;
}

listener::listener(listener&& other) noexcept
  : socket_(std::exchange(other.socket_, -1)), is_loopback_(other.is_loopback_),
    port_(other.port_) {}

listener::~listener() {
  if (socket_ >= 0)
    ::close(socket_);
}

int listener::accept() const {
  const auto socket
    = ::accept4(socket_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  const int on = 1;
  if (socket >= 0)
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return socket;
}

} // namespace pgtrickle::http
