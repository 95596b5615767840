// docs/DEPENDENCIES.md names every package that deploy/setup installs and that
// the build looks for.

#include "test/docs/pages.hpp"

#include <doctest/doctest.h>

#include <regex>
#include <sstream>

using namespace pgtrickle::test;

namespace {

/// What the first group of `pattern` matches in `text`.
std::vector<std::string> matches(const std::string& text,
                                 const std::string& pattern) {
  const std::regex regex{pattern};
  std::vector<std::string> found;
  for (std::sregex_iterator match{text.begin(), text.end(), regex}, end;
       match != end; ++match)
    found.push_back((*match)[1]);
  return found;
}

std::string lower_case(std::string text) {
  for (auto& c : text)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::regex_replace(text, std::regex{"[-_.]"}, "");
}

} // namespace

TEST_CASE("the page of dependencies names what is installed") {
  const auto page = contents(CHECKOUT "/docs/DEPENDENCIES.md");
  const auto setup = contents(CHECKOUT "/deploy/setup");
  const auto begin = setup.find("packages=(");
  REQUIRE(begin != std::string::npos);
  std::istringstream packages{
    setup.substr(begin + 10, setup.find(')', begin) - begin - 10)};
  int named = 0;
  for (std::string package; packages >> package; ++named)
    CHECK_MESSAGE(page.find("`" + package + "`") != std::string::npos, package);
  CHECK(named > 40);
}

TEST_CASE("the page of dependencies names what the build looks for") {
  const auto page = lower_case(contents(CHECKOUT "/docs/DEPENDENCIES.md"));
  const auto build = contents(CHECKOUT "/CMakeLists.txt");
  auto wanted = matches(build, "find_package\\((\\S+) REQUIRED");
  for (const auto& module : matches(
         build, "pkg_check_modules\\(\\S+ REQUIRED IMPORTED_TARGET (\\S+)\\)"))
    wanted.push_back(module);
  CHECK(wanted.size() > 15);
  for (const auto& name : wanted)
    // PkgConfig is what looks for some of them.
    CHECK_MESSAGE(
      (name == "PkgConfig" || page.find(lower_case(name)) != std::string::npos),
      name);
}

TEST_CASE("the page of dependencies names files that exist") {
  const auto page = contents(CHECKOUT "/docs/DEPENDENCIES.md");
  const auto files = matches(
    page, "`((?:actors|services|test|sql|cmake|messages|docs|proto)/[^`*]*)`");
  CHECK(files.size() > 20);
  for (const auto& file : files)
    CHECK_MESSAGE(std::filesystem::exists(CHECKOUT "/" + file), file);
}
