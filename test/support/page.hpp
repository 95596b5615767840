#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace pgtrickle::test {

/// What stands between two fences of a page of documentation.
struct page_block {
  /// As the first fence tells it: "sql", "sh".
  std::string language;
  std::string text;
};

/// The blocks of a page, in their order; from the heading `under` to the next
/// one of any level, if it is given.
std::vector<page_block> blocks_of(const std::filesystem::path& page,
                                  const std::string& under = {});

/// A statement of SQL or a command of the shell that a page shows.
struct page_example {
  std::string language;
  std::string statement;
  /// The first value that it gives, if the page tells: behind `--=>` in SQL,
  /// behind `#=>` in the shell, where it is the first line.
  std::string expected;
};

/// The examples in blocks of SQL and of the shell. A statement ends with its
/// line's semicolon. A command ends with its line, unless that ends with a
/// backslash or begins a document (`<<'END'`).
std::vector<page_example> examples_in(const std::vector<page_block>& blocks);

} // namespace pgtrickle::test
