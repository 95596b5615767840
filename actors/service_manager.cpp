#include "actors/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace pgtrickle {

void tell_service_manager(std::string_view state) {
  const auto* given = std::getenv("NOTIFY_SOCKET");
  if (given == nullptr)
    return;
  const std::string_view path = given;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() < 2 || path.size() >= sizeof(address.sun_path)
      || (path[0] != '/' && path[0] != '@'))
    return;
  std::memcpy(address.sun_path, path.data(), path.size());
  // An abstract name begins with a zero.
  if (path[0] == '@')
    address.sun_path[0] = '\0';
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return;
  const auto length
    = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  // Nobody is left to tell where it fails: the manager goes by its timeout.
  (void)::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&address), length);
  ::close(fd);
}

} // namespace pgtrickle
