#include "test/support/tcp_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <poll.h>
#include <system_error>
#include <unistd.h>

namespace pgtrickle::test {

namespace {

constexpr int look_ms = 10;

sockaddr_in local(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int new_socket() {
  const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0)
    throw std::system_error(errno, std::generic_category(), "socket");
  return made;
}

void send_at_once(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

} // namespace

tcp_proxy::tcp_proxy(std::uint16_t to) : to_(to), listener_(new_socket()) {
  auto address = local(0);
  socklen_t size = sizeof(address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0
      || listen(listener_, 64) != 0
      || getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size)
           != 0)
    throw std::system_error(errno, std::generic_category(), "listen");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread{[this] { carry(); }};
}

tcp_proxy::~tcp_proxy() {
  goes_on_ = false;
  thread_.join();
  for (const auto& one : wires_) {
    close(one.client);
    close(one.server);
  }
  close(listener_);
}

void tcp_proxy::carry() {
  while (goes_on_) {
    std::vector<pollfd> waited;
    if (!is_cut_) {
      waited.push_back({listener_, POLLIN, 0});
      for (const auto& one : wires_) {
        waited.push_back({one.client, POLLIN, 0});
        waited.push_back({one.server, POLLIN, 0});
      }
    }
    poll(waited.data(), waited.size(), look_ms);
    if (is_cut_ || waited.empty())
      continue;
    std::vector<wire> kept;
    for (std::size_t i = 0; i < wires_.size(); ++i) {
      const auto& [client, server] = wires_[i];
      const auto lives
        = (waited[1 + 2 * i].revents == 0 || pass(client, server))
          && (waited[2 + 2 * i].revents == 0 || pass(server, client));
      if (lives) {
        kept.push_back(wires_[i]);
      } else {
        close(client);
        close(server);
      }
    }
    wires_ = std::move(kept);
    if (waited[0].revents != 0)
      accept_one();
  }
}

void tcp_proxy::accept_one() {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0)
    return;
  const int server = new_socket();
  auto address = local(to_);
  if (connect(server, reinterpret_cast<sockaddr*>(&address), sizeof(address))
      != 0) {
    close(client);
    close(server);
    return;
  }
  send_at_once(client);
  send_at_once(server);
  wires_.push_back({client, server});
}

bool tcp_proxy::pass(int from, int to) {
  std::array<char, 65536> bytes{};
  const auto count = recv(from, bytes.data(), bytes.size(), 0);
  if (count <= 0)
    return false;
  for (ssize_t sent = 0; sent < count;) {
    const auto some
      = send(to, bytes.data() + sent, static_cast<std::size_t>(count - sent),
             MSG_NOSIGNAL);
    if (some <= 0)
      return false;
    sent += some;
  }
  return true;
}

} // namespace pgtrickle::test
