// Links of the pages: to files that are there, and to headings in them.

#include "test/docs/pages.hpp"

#include <doctest/doctest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

using namespace pgtrickle::test;

namespace {

/// A page without what stands in blocks and in backquotes.
std::string prose_of(const std::filesystem::path& page) {
  std::istringstream text{contents(page)};
  std::string prose;
  const std::regex fence{"^ *```"};
  bool in_block = false;
  for (std::string line; std::getline(text, line);) {
    if (std::regex_search(line, fence))
      in_block = !in_block;
    else if (!in_block)
      prose += line + "\n";
  }
  return prose;
}

/// The anchor that GitHub gives to a heading: letters in lower case, blanks as
/// hyphens, no punctuation.
std::string anchor_of(const std::string& heading) {
  std::string anchor;
  for (const unsigned char c : heading) {
    if (c == ' ')
      anchor += '-';
    else if (c >= 0x80 || std::isalnum(c) != 0 || c == '-' || c == '_')
      anchor += static_cast<char>(std::tolower(c));
  }
  return anchor;
}

std::set<std::string> anchors_of(const std::filesystem::path& page) {
  // A dash, an ellipsis or the like is punctuation too.
  const std::regex dashes{"\xE2\x80[\x80-\xBF]"};
  const std::regex link{"\\[([^\\]]*)\\]\\([^)]*\\)"};
  std::istringstream text{prose_of(page)};
  std::set<std::string> anchors;
  std::map<std::string, int> seen;
  for (std::string line; std::getline(text, line);) {
    const auto level = line.find_first_not_of('#');
    if (level == 0 || level == std::string::npos || line[level] != ' ')
      continue;
    auto anchor = anchor_of(std::regex_replace(
      std::regex_replace(line.substr(level + 1), link, "$1"), dashes, ""));
    const auto times = seen[anchor]++;
    if (times > 0)
      anchor += "-" + std::to_string(times);
    anchors.insert(anchor);
  }
  return anchors;
}

} // namespace

TEST_CASE("no link of a page leads nowhere") {
  // Titles in links and links in <> are not written here.
  const std::regex link{"\\]\\(([^)\\s]+)\\)"};
  std::map<std::filesystem::path, std::set<std::string>> anchors;
  int links = 0;
  for (const auto& page : all_pages()) {
    const auto prose = prose_of(page);
    for (std::sregex_iterator match{prose.begin(), prose.end(), link}, end;
         match != end; ++match) {
      const auto target = (*match)[1].str();
      if (target.find("://") != std::string::npos)
        continue;
      ++links;
      const auto hash = target.find('#');
      const auto path = target.substr(0, hash);
      const auto file = path.empty() ? page : page.parent_path() / path;
      const auto what = page.filename().string() + ": " + target;
      if (!std::filesystem::exists(file)) {
        FAIL_CHECK(what);
        continue;
      }
      if (hash == std::string::npos || file.extension() != ".md")
        continue;
      const auto known = anchors.try_emplace(file, anchors_of(file)).first;
      CHECK_MESSAGE(known->second.contains(target.substr(hash + 1)), what);
    }
  }
  CHECK(links > 150);
}

TEST_CASE("the README leads to every page") {
  const auto readme = contents(CHECKOUT "/README.md");
  const auto decisions = contents(CHECKOUT "/docs/decisions/README.md")
                         + contents(CHECKOUT "/docs/operators/README.md");
  for (const auto& page : all_pages()) {
    const auto path = std::filesystem::relative(page, CHECKOUT).string();
    if (!path.starts_with("docs/"))
      continue;
    const bool listed = readme.find("(" + path + ")") != std::string::npos
                        || decisions.find("(" + page.filename().string() + ")")
                             != std::string::npos;
    CHECK_MESSAGE(listed, path);
  }
}
