#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace pgtrickle::test {

/// What is in a file, to the byte; nothing if there is none.
[[nodiscard]] inline std::string contents(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

} // namespace pgtrickle::test
