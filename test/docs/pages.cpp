#include "test/docs/pages.hpp"

#include <regex>

namespace pgtrickle::test {

namespace {

/// The sources below `folders`, literals that go on in the next line united.
std::string sources_below(const std::vector<std::string>& folders) {
  std::string all;
  for (const auto& folder : folders)
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(CHECKOUT "/" + folder))
      if (const auto kind = entry.path().extension();
          kind == ".cpp" || kind == ".c" || kind == ".hpp" || kind == ".sql")
        all += contents(entry.path());
  return std::regex_replace(all, std::regex{"\"\\s*\n\\s*\""}, "");
}

} // namespace

std::string sources_of_tests() { return sources_below({"test"}); }

std::string sources_of_product() {
  return sources_below({"actors", "services", "sql"});
}

std::vector<std::filesystem::path> all_pages() {
  std::vector<std::filesystem::path> pages;
  const std::filesystem::path root{CHECKOUT};
  for (const auto& entry : std::filesystem::directory_iterator(root))
    if (entry.path().extension() == ".md")
      pages.push_back(entry.path());
  for (const auto* folder : {"docs", "deploy", "bench", "test"})
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(root / folder))
      if (entry.path().extension() == ".md")
        pages.push_back(entry.path());
  return pages;
}

} // namespace pgtrickle::test
