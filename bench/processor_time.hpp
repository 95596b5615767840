#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace pgtrickle::bench {

/// The fields of /proc/<pid>/stat from the state on.
inline std::vector<std::string> stat_of(const std::string& pid) {
  std::ifstream file{"/proc/" + pid + "/stat"};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  std::istringstream words{text.substr(text.rfind(')') + 1)};
  return {std::istream_iterator<std::string>{words}, {}};
}

/// Seconds of a processor that a PostgreSQL has used, with its backends, past
/// and present. `postmaster`: its process.
inline double server_seconds(const std::string& postmaster) {
  constexpr std::size_t parent = 1;
  constexpr std::size_t user = 11;
  const auto ticks = [](const auto& stat, std::size_t from, std::size_t count) {
    long sum = 0;
    for (auto i = from; i < from + count && i < stat.size(); ++i)
      sum += std::stol(stat[i]);
    return sum;
  };
  long sum = ticks(stat_of(postmaster), user, 4);
  for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos)
      continue;
    const auto stat = stat_of(name);
    if (stat.size() > user && stat[parent] == postmaster)
      sum += ticks(stat, user, 2);
  }
  return static_cast<double>(sum) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

} // namespace pgtrickle::bench
