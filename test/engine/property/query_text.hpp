#pragma once
// A query in parts that can be left out one by one.

#include <memory>
#include <string>
#include <vector>

namespace pgtrickle::test {

struct query_text;

struct from_item {
  /// "," or a kind of JOIN; of the first item: nothing.
  std::string join;
  /// A table, or nothing if there is a subquery.
  std::string table;
  std::shared_ptr<const query_text> subquery;
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
  /// ORDER BY … LIMIT.
  std::string suffix;
};

[[nodiscard]] std::string to_sql(const query_text& query);

/// Queries that lack one part of `query` each; not all of them are valid.
[[nodiscard]] std::vector<query_text> simpler(const query_text& query);

} // namespace pgtrickle::test
