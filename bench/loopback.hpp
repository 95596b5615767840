#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <unistd.h>

namespace pgtrickle::bench {

/// A TCP connection to `port` of this host; -1: nobody listens, or too much is
/// going on.
inline int connected(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address),
                sizeof(address))
      == 0)
    return fd;
  ::close(fd);
  return -1;
}

} // namespace pgtrickle::bench
