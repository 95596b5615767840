#pragma once
// Random expressions over the columns that a query sees.

#include "test/engine/property/relations.hpp"

#include <functional>

namespace pgtrickle::test {

/// A column in scope: how it is written, and its type.
struct reference {
  std::string text;
  sql_type type = sql_type::integer;
  /// A merged column of a join, which a subquery's own columns may hide.
  bool unqualified = false;
};

using scope_t = std::vector<reference>;

/// Makes subqueries over the columns in scope, where an expression may have
/// one; nothing if there are enough of them.
struct subquery_maker {
  std::function<std::string(sql_type, const scope_t&)> value;
  std::function<std::string(const scope_t&)> condition;
};

class expressions {
public:
  expressions(random_source& random, scope_t scope,
              const subquery_maker* subqueries = nullptr)
    : random_(random), scope_(std::move(scope)), subqueries_(subqueries) {}

  /// An expression of `type`, nested at most `depth` deep.
  [[nodiscard]] std::string of(sql_type type, int depth = 2);
  [[nodiscard]] std::string condition(int depth = 1);
  /// An aggregate call, and the type that it returns.
  [[nodiscard]] reference aggregate();

  /// A type that can be grouped by, mostly that of a column.
  [[nodiscard]] sql_type common_type();
  /// A column of `type`, if there is one.
  [[nodiscard]] std::string column(sql_type type);
  /// A column; a constant if there is none.
  [[nodiscard]] reference any_column();

private:
  [[nodiscard]] std::string derived(sql_type type, int depth);
  [[nodiscard]] std::string text_of(int depth);
  [[nodiscard]] std::string number_of(sql_type type, int depth);
  [[nodiscard]] std::string comparison(int depth);
  [[nodiscard]] reference number_aggregate(const std::string& filter);
  [[nodiscard]] reference ordered_aggregate(const std::string& filter);
  [[nodiscard]] reference collection(const std::string& filter);

  random_source& random_;
  scope_t scope_;
  const subquery_maker* subqueries_;
};

} // namespace pgtrickle::test
