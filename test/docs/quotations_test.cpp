// Pages that quote: tests by their names, and messages.

#include "test/docs/pages.hpp"

#include <doctest/doctest.h>

#include <regex>
#include <sstream>

using namespace pgtrickle::test;

namespace {

/// What stands in backquotes in `text`, if it is a sentence.
std::vector<std::string> sentences_in(const std::string& text) {
  const std::regex quotation{"`([^`]*)`"};
  std::vector<std::string> found;
  for (std::sregex_iterator match{text.begin(), text.end(), quotation}, end;
       match != end; ++match)
    if (const auto quoted = (*match)[1].str();
        quoted.find(' ') != std::string::npos)
      found.push_back(quoted);
  return found;
}

/// The lines of a page that begin with `beginning`.
std::vector<std::string> lines_of(const std::string& page,
                                  const std::string& beginning) {
  std::istringstream text{contents(page)};
  std::vector<std::string> found;
  for (std::string line; std::getline(text, line);)
    if (line.starts_with(beginning))
      found.push_back(line);
  return found;
}

std::string first_cell(const std::string& row) {
  return row.substr(0, row.find(" | "));
}

std::string last_cell(const std::string& row) {
  return row.substr(row.rfind(" | "));
}

int check_tests(const std::string& text) {
  static const auto sources = sources_of_tests();
  const auto names = sentences_in(text);
  for (const auto& name : names)
    CHECK_MESSAGE(sources.find("\"" + name + "\"") != std::string::npos, name);
  return static_cast<int>(names.size());
}

} // namespace

TEST_CASE("the page of faults names tests that exist") {
  int named = 0;
  for (const auto& row : lines_of(CHECKOUT "/docs/faults.md", "| F"))
    named += check_tests(last_cell(row));
  CHECK(named > 20);
}

TEST_CASE("the page of security names tests that exist") {
  int named = 0;
  for (const auto& row : lines_of(CHECKOUT "/docs/SECURITY.md", "| S"))
    named += check_tests(last_cell(row));
  CHECK(named > 30);
}

TEST_CASE("the page of upgrading names tests that exist") {
  int named = 0;
  for (const auto& line : lines_of(CHECKOUT "/docs/UPGRADING.md", "`test/"))
    named += check_tests(line);
  CHECK(named > 5);
}

TEST_CASE("the tests in Python that the page of security names exist") {
  const auto page = contents(CHECKOUT "/docs/SECURITY.md");
  const auto tests = contents(CHECKOUT "/test/dashboard/api_test.py")
                     + contents(CHECKOUT "/test/dashboard/page_test.py");
  const std::regex name{"`(test_[a-z_]+)`"};
  int named = 0;
  for (std::sregex_iterator match{page.begin(), page.end(), name}, end;
       match != end; ++match, ++named)
    CHECK_MESSAGE(tests.find("def " + (*match)[1].str() + "(")
                    != std::string::npos,
                  (*match)[1].str());
  CHECK(named > 1);
}

TEST_CASE("the page of troubles quotes messages that exist") {
  const auto sources = sources_of_product();
  // What stands between names, which are in quotes or are a function's.
  const std::regex gaps{"\"|…|\\b[a-z]+_[a-z_]+\\b|\\bshop\\b"};
  int pieces = 0;
  std::vector<std::string> messages;
  for (const auto& row : lines_of(CHECKOUT "/docs/TROUBLESHOOTING.md", "| `"))
    for (auto& message : sentences_in(first_cell(row)))
      messages.push_back(std::move(message));
  for (const auto& message : messages)
    for (std::sregex_token_iterator
           piece{message.begin(), message.end(), gaps, -1},
         end;
         piece != end; ++piece) {
      const auto text
        = std::regex_replace(piece->str(), std::regex{"^[ :]+|[ :]+$"}, "");
      // PostgreSQL's own.
      if (text.size() < 8 || text == "prepared statement"
          || text == "does not exist")
        continue;
      ++pieces;
      CHECK_MESSAGE(sources.find(text) != std::string::npos, text);
    }
  CHECK(pieces > 10);
}
