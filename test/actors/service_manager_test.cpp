#include "actors/service_manager.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <unistd.h>

namespace pgtrickle {

namespace {

/// The socket of a service manager, under a name or, with a leading @, an
/// abstract one.
class manager {
public:
  explicit manager(const std::string& name)
    : fd_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@')
      address.sun_path[0] = '\0';
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path)
                                          + name.size()))
            == 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }

  manager(const manager&) = delete;
  manager& operator=(const manager&) = delete;

  ~manager() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(fd_);
  }

  /// "" when nothing was told.
  std::string heard() const {
    char text[64] = {};
    const auto length = ::recv(fd_, text, sizeof text, MSG_DONTWAIT);
    return length > 0 ? std::string(text, static_cast<std::size_t>(length))
                      : std::string{};
  }

private:
  int fd_;
};

std::string own_name(const std::string& prefix) {
  return prefix + "pgtrickle-notify-" + std::to_string(::getpid());
}

} // namespace

TEST_CASE("a service manager hears what it is told") {
  const auto path
    = own_name(std::filesystem::temp_directory_path().string() + "/");
  {
    const manager systemd{path};
    tell_service_manager("READY=1");
    CHECK(systemd.heard() == "READY=1");
    CHECK(systemd.heard().empty());
  }
  std::filesystem::remove(path);
}

TEST_CASE("a service manager with an abstract socket hears it too") {
  const manager systemd{own_name("@")};
  tell_service_manager("STOPPING=1");
  CHECK(systemd.heard() == "STOPPING=1");
}

TEST_CASE("a daemon without a service manager goes on") {
  ::setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
  tell_service_manager("READY=1");
  ::setenv("NOTIFY_SOCKET", std::string(200, '/').c_str(), 1);
  tell_service_manager("READY=1");
  ::unsetenv("NOTIFY_SOCKET");
  tell_service_manager("READY=1");
}

} // namespace pgtrickle
