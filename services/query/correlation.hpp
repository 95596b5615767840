#pragma once
// What a subquery reads of the query around it.

#include "services/query/named_rows.hpp"
#include "services/query/select_shape.hpp"

namespace pgtrickle {

/// The columns of `outer` that `part` reads, each once. PostgreSQL's canonical
/// text gives an alias to every relation that none around it has.
[[nodiscard]] std::vector<pg_query::Node>
outer_references(const google::protobuf::Message& part,
                 const named_rows& outer);

/// The parts of a condition that are joined by AND.
[[nodiscard]] std::vector<pg_query::Node>
conjuncts(const pg_query::Node& condition);

[[nodiscard]] bool has_subquery(const google::protobuf::Message& part);

/// A SELECT that gives a row for each row of its FROM and WHERE.
[[nodiscard]] bool is_row_by_row(const pg_query::SelectStmt& query,
                                 const function_names& names);

/// A SELECT that gives one row, of aggregates.
[[nodiscard]] bool is_one_group(const pg_query::SelectStmt& query,
                                const function_names& names);

/// A subquery whose only ties to the outer rows are conditions of its WHERE.
struct tied_query {
  /// Without those conditions.
  pg_query::SelectStmt inner;
  std::vector<pg_query::Node> ties;
};

/// `query` taken apart, if it is tied so.
[[nodiscard]] std::optional<tied_query>
untied(const pg_query::SelectStmt& query, const named_rows& outer);

/// A tie of the form inner = outer.
struct equality_tie {
  pg_query::Node inner;
  pg_query::Node outer;
};
[[nodiscard]] std::optional<equality_tie> equality_of(const pg_query::Node& tie,
                                                      const named_rows& outer);

/// Whether `query` calls an aggregate over columns of `outer` alone: PostgreSQL
/// evaluates it in the query around.
[[nodiscard]] bool has_outer_aggregate(const pg_query::SelectStmt& query,
                                       const named_rows& outer,
                                       const function_names& names);

/// Whether a null in a column at or behind `from` makes `condition` (over
/// positions) not true, as far as its form tells.
[[nodiscard]] bool rejects_nulls(const pg_query::Node& condition,
                                 std::size_t from);

/// The expression `pattern` with `arguments` for $1, $2 …
[[nodiscard]] pg_query::Node
filled(std::string_view pattern, const std::vector<pg_query::Node>& arguments);

/// EXISTS (`query`).
[[nodiscard]] pg_query::Node exists_of(const pg_query::SelectStmt& query);

/// Makes `query` select `value` alone.
void select_only(pg_query::SelectStmt& query, pg_query::Node value);

/// Adds a condition to the WHERE of `query`.
void restrict(pg_query::SelectStmt& query, pg_query::Node condition);

} // namespace pgtrickle
