#include "services/http/port_holder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>

namespace pgtrickle::http {

namespace {

namespace fs = std::filesystem;

constexpr auto listening = "0A";

/// The names of the sockets that listen on `port`, as /proc/<pid>/fd has them.
void add_sockets(const char* table, std::uint16_t port,
                 std::set<std::string>& to) {
  std::ifstream lines{table};
  const auto ending = fmt::format(":{:04X}", port);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields{line};
    std::string number;
    std::string local;
    std::string remote;
    std::string state;
    std::string skipped;
    std::string inode;
    fields >> number >> local >> remote >> state;
    for (int i = 0; i < 5; ++i)
      fields >> skipped;
    fields >> inode;
    if (state == listening && local.ends_with(ending))
      to.insert("socket:[" + inode + "]");
  }
}

bool has_one_of(const fs::path& process, const std::set<std::string>& sockets) {
  std::error_code error;
  for (fs::directory_iterator it{process / "fd", error}, end;
       !error && it != end; it.increment(error)) {
    std::error_code unreadable;
    if (sockets.contains(fs::read_symlink(it->path(), unreadable).string()))
      return true;
  }
  return false;
}

bool is_number(const std::string& name) {
  return name.find_first_not_of("0123456789") == std::string::npos;
}

} // namespace

std::string holder_of_port(std::uint16_t port) {
  std::set<std::string> sockets;
  add_sockets("/proc/net/tcp", port, sockets);
  add_sockets("/proc/net/tcp6", port, sockets);
  std::error_code error;
  for (fs::directory_iterator it{"/proc", error}, end; !error && it != end;
       it.increment(error)) {
    const auto pid = it->path().filename().string();
    if (!is_number(pid) || !has_one_of(it->path(), sockets))
      continue;
    std::string name;
    std::getline(std::ifstream{it->path() / "comm"}, name);
    return fmt::format("{} (process {})", name, pid);
  }
  return {};
}

} // namespace pgtrickle::http
