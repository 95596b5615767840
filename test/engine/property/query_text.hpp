#pragma once
// A query in parts that can be left out one by one.

#include <string>
#include <vector>

namespace pgtrickle::test {

struct from_item {
  /// "," or a kind of JOIN; of the first item: nothing.
  std::string join;
  /// A table, a function, a subquery or joins in parentheses.
  std::string table;
  /// With a list of columns if there is one; joins need none.
  std::string alias;
  /// "ON …", "USING …" or nothing.
  std::string condition;
};

struct query_text {
  /// UNION and its like over `arms`; empty: a SELECT.
  std::string operation;
  std::vector<query_text> arms;

  std::string with;
  /// "DISTINCT", "DISTINCT ON …" or nothing.
  std::string distinct;
  std::vector<std::string> outputs;
  std::vector<from_item> from;
  std::vector<std::string> conditions;
  std::vector<std::string> keys;
  std::string having;
  /// The definitions of WINDOW.
  std::string windows;
  /// ORDER BY … LIMIT.
  std::string suffix;
  /// Only what FROM says, for joins in parentheses.
  bool joins_only = false;

  /// Of a whole query: the subqueries in it, that its texts and theirs name by
  /// `part`.
  std::vector<query_text> parts;
};

/// Stands in a text for subquery `number` of the whole query.
[[nodiscard]] std::string part(std::size_t number);

[[nodiscard]] std::string to_sql(const query_text& query);

/// Queries that lack one part of `query` each; not all of them are valid.
[[nodiscard]] std::vector<query_text> simpler(const query_text& query);

} // namespace pgtrickle::test
