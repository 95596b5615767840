#pragma once
// Random expressions over the columns that a query sees.

#include "test/engine/property/relations.hpp"

namespace pgtrickle::test {

/// A column in scope: how it is written, and its type.
struct reference {
  std::string text;
  sql_type type = sql_type::integer;
};

class expressions {
public:
  expressions(random_source& random, std::vector<reference> scope)
    : random_(random), scope_(std::move(scope)) {}

  /// An expression of `type`, nested at most `depth` deep.
  [[nodiscard]] std::string of(sql_type type, int depth = 2);
  [[nodiscard]] std::string condition(int depth = 1);
  /// An aggregate call, and the type that it returns.
  [[nodiscard]] reference aggregate();

  /// A type that can be grouped by, mostly that of a column.
  [[nodiscard]] sql_type common_type();
  /// A column of `type`, if there is one.
  [[nodiscard]] std::string column(sql_type type);
  [[nodiscard]] const reference& any_column() { return random_.pick(scope_); }

private:
  [[nodiscard]] std::string derived(sql_type type, int depth);
  [[nodiscard]] std::string text_of(int depth);
  [[nodiscard]] std::string number_of(sql_type type, int depth);

  random_source& random_;
  std::vector<reference> scope_;
};

} // namespace pgtrickle::test
