#include "test/support/page.hpp"

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>

namespace pgtrickle::test {

namespace {

/// Takes the lines of a block one by one.
class example_reader {
public:
  explicit example_reader(std::string language)
    : language_(std::move(language)),
      mark_(language_ == "sql" ? " --=> " : " #=> ") {}

  void read(std::string line, std::vector<page_example>& found) {
    const auto told = line.find(mark_);
    std::string expected;
    if (told != std::string::npos) {
      expected = line.substr(told + mark_.size());
      line.erase(line.find_last_not_of(' ', told) + 1);
    }
    statement_ += line + "\n";
    if (goes_on(line))
      return;
    // A line that is empty, or a comment, is no example.
    static const std::regex nothing{"\\s*(#.*)?\\s*"};
    if (language_ == "sql" || !std::regex_match(statement_, nothing))
      found.push_back({language_, statement_, expected});
    statement_.clear();
  }

private:
  bool goes_on(const std::string& line) {
    if (language_ == "sql")
      return !line.ends_with(';');
    if (!document_end_.empty()) {
      const bool ended = line == document_end_;
      if (ended)
        document_end_.clear();
      return !ended;
    }
    static const std::regex document{"<<'(\\w+)'"};
    if (std::smatch match; std::regex_search(line, match, document))
      document_end_ = match[1];
    return !document_end_.empty() || line.ends_with('\\');
  }

  std::string language_;
  std::string mark_;
  std::string statement_;
  std::string document_end_;
};

} // namespace

std::vector<page_block> blocks_of(const std::filesystem::path& page,
                                  const std::string& under) {
  std::ifstream text{page};
  std::vector<page_block> blocks;
  bool inside = false;
  bool wanted = under.empty();
  // Of a block in a list.
  std::size_t indentation = 0;
  for (std::string line; std::getline(text, line);) {
    const auto begin = line.find_first_not_of(' ');
    if (begin != std::string::npos && line.compare(begin, 3, "```") == 0) {
      inside = !inside;
      indentation = begin;
      if (inside)
        blocks.push_back({line.substr(begin + 3), ""});
    } else if (inside) {
      blocks.back().text
        += line.substr(std::min(indentation, line.size())) + "\n";
    } else if (line.starts_with("#") && !under.empty()) {
      if (wanted)
        break;
      wanted = line == under;
      blocks.clear();
    }
  }
  if (!wanted)
    blocks.clear();
  return blocks;
}

std::vector<page_example> examples_in(const std::vector<page_block>& blocks) {
  std::vector<page_example> found;
  for (const auto& block : blocks) {
    if (block.language != "sql" && block.language != "sh")
      continue;
    example_reader reader{block.language};
    std::istringstream lines{block.text};
    for (std::string line; std::getline(lines, line);)
      reader.read(line, found);
  }
  return found;
}

} // namespace pgtrickle::test
