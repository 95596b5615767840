#pragma once
// FROM items that are queries or functions, as queries.

#include "services/query/named_rows.hpp"

namespace pgtrickle {

/// A FROM item as a query of its columns, and what they are called.
struct item_query {
  pg_query::SelectStmt query;
  binding names;
};

/// Throws `uncovered` for tables and joins.
[[nodiscard]] item_query query_of_item(const pg_query::Node& item);

/// What the columns of `query` are called from outside. Throws `uncovered` if
/// they have no names.
[[nodiscard]] std::vector<std::string>
names_of(const pg_query::SelectStmt& query, const pg_query::Alias& alias);

/// The first columns of some rows, under one alias.
[[nodiscard]] binding names_from(std::string alias,
                                 const std::vector<std::string>& names);

} // namespace pgtrickle
