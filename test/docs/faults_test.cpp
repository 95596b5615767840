// docs/faults.md names the tests that show what it says.

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace {

std::string contents(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

/// All sources of the tests, literals that go on in the next line united.
std::string sources_of_tests() {
  std::string all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(TESTS))
    if (entry.path().extension() == ".cpp")
      all += contents(entry.path());
  return std::regex_replace(all, std::regex{"\"\\s*\n\\s*\""}, "");
}

} // namespace

TEST_CASE("the page of faults names tests that exist") {
  const auto sources = sources_of_tests();
  std::istringstream page{contents(FAULTS_PAGE)};
  int named = 0;
  for (std::string line; std::getline(page, line);) {
    const auto end = line.rfind("` |");
    if (!line.starts_with("| ") || end == std::string::npos)
      continue;
    const auto begin = line.rfind('`', end - 1) + 1;
    const auto name = line.substr(begin, end - begin);
    // A test's name is a sentence.
    if (name.find(' ') == std::string::npos)
      continue;
    ++named;
    CHECK_MESSAGE(sources.find("\"" + name + "\"") != std::string::npos, name);
  }
  CHECK(named > 20);
}
