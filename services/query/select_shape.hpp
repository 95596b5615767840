#pragma once
// What a SELECT contains, seen without resolving a name.

#include "pg_query.pb.h"
#include "services/query/facts.hpp"

#include <optional>
#include <set>
#include <string>

namespace pgtrickle {

/// Names of functions that need their own treatment, as the canonical text
/// writes them: "sum", "public.my_aggregate".
struct function_names {
  std::set<std::string> aggregates;
  std::set<std::string> set_returning;
};

[[nodiscard]] function_names function_names_of(const query_facts& facts);

/// Returns whether `node` is a call of an aggregate, not of a window function.
[[nodiscard]] bool is_aggregate_call(const pg_query::Node& node,
                                     const function_names& names);

/// Whether a window function or a function that returns a set is called in an
/// expression, its subqueries aside.
[[nodiscard]] bool is_windowed(const pg_query::Node& expression);
[[nodiscard]] bool returns_set(const pg_query::Node& expression,
                               const function_names& names);

/// Whether the level groups: GROUP BY, HAVING or an aggregate.
[[nodiscard]] bool groups(const pg_query::SelectStmt& query,
                          const function_names& names);

/// Number of columns that the query returns.
[[nodiscard]] std::size_t width_of(const pg_query::SelectStmt& query);

} // namespace pgtrickle
