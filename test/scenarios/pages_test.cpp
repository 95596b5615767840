// Pages whose statements are run as they stand there.

#include "test/scenarios/installation.hpp"

#include <doctest/doctest.h>

#include <fstream>

namespace pgtrickle::test {

namespace {

struct example {
  std::string statement;
  /// The first value that it returns, if the page tells.
  std::string expected;
};

/// The statements of the blocks of SQL in `page`; one ends with its line's
/// semicolon, behind which `--=>` tells what comes.
std::vector<example> examples_of(const std::string& page) {
  std::ifstream text{DOCUMENTATION "/" + page};
  std::vector<example> found;
  std::string statement;
  bool in_block = false;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("```")) {
      in_block = line == "```sql";
      continue;
    }
    if (!in_block)
      continue;
    const auto told = line.find(" --=> ");
    const auto code = line.substr(0, told);
    statement += code + "\n";
    if (!code.ends_with(';'))
      continue;
    found.push_back(
      {statement, told == std::string::npos ? "" : line.substr(told + 6)});
    statement.clear();
  }
  return found;
}

} // namespace

TEST_CASE("the statements of the pages do what the pages say") {
  for (const auto* page : {"PATTERNS.md"}) {
    CAPTURE(page);
    const auto examples = examples_of(page);
    REQUIRE(examples.size() > 10);
    const auto name = "page_" + std::to_string(std::hash<std::string>{}(page));
    the_installation().repair();
    the_installation().create_database(name);
    auto db = the_installation().connect("postgres", name);
    for (const auto& one : examples) {
      const auto done = db.run(one.statement);
      REQUIRE_MESSAGE(done.sqlstate.empty(), one.statement << done.message);
      if (!one.expected.empty())
        CHECK_MESSAGE(done.value() == one.expected, one.statement);
    }
  }
}

} // namespace pgtrickle::test
