#include "test/support/private_directory.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <pwd.h>
#include <stdexcept>
#include <string>
#include <system_error>
#include <unistd.h>

namespace pgtrickle::test {

namespace {

const std::string prefix = "pgtrickle-test-";

/// PGTRICKLE_TEST_ROOT: a folder in memory makes much DDL cheaper. The user
/// postgres must be able to enter it.
std::string root() {
  const auto* chosen = std::getenv("PGTRICKLE_TEST_ROOT");
  return chosen == nullptr ? "/tmp" : chosen;
}

void remove_leftovers() {
  std::error_code ignored;
  for (const auto& entry :
       std::filesystem::directory_iterator(root(), ignored)) {
    const auto name = entry.path().filename().string();
    if (name.rfind(prefix, 0) != 0)
      continue;
    const auto owner = std::atoi(name.c_str() + prefix.size());
    if (owner > 0 && kill(owner, 0) < 0 && errno == ESRCH)
      std::filesystem::remove_all(entry.path(), ignored);
  }
}

} // namespace

private_directory::private_directory() {
  remove_leftovers();
  auto name = root() + "/" + prefix + std::to_string(getpid()) + "-XXXXXX";
  if (mkdtemp(name.data()) == nullptr)
    throw std::system_error(errno, std::generic_category(), name);
  path_ = name;
  if (geteuid() != 0)
    return;
  const auto* user = getpwnam("postgres");
  if (user == nullptr || chown(name.c_str(), user->pw_uid, user->pw_gid) < 0)
    throw std::runtime_error("cannot give " + name + " to user postgres");
}

private_directory::~private_directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::uint16_t free_port() {
  const auto fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const auto bound
    = bind(fd, generic, size) == 0 && getsockname(fd, generic, &size) == 0;
  close(fd);
  if (!bound)
    throw std::system_error(errno, std::generic_category(), "free_port");
  return ntohs(address.sin_port);
}

} // namespace pgtrickle::test
