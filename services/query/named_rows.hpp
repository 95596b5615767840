#pragma once
// Rows of a plan whose columns a query calls by names.

#include "pg_query.pb.h"
#include "services/query/plan.hpp"

#include <functional>
#include <optional>

namespace pgtrickle {

/// The columns that go under one alias, and where they stand in the rows. The
/// columns that a join has merged go under no alias.
struct binding {
  std::string alias;
  std::vector<std::pair<std::string, std::size_t>> columns;
};

struct named_rows {
  plan_ptr rows;
  std::vector<binding> names;

  /// The column that `reference` means: alias.column, a bare name (a merged
  /// column before others), or one of `position`'s. Nothing if it is unknown or
  /// could mean several.
  [[nodiscard]] std::optional<std::size_t>
  find(const pg_query::ColumnRef& reference) const;

  /// `expression` with positions instead of names; nothing if a reference is
  /// unknown or there is a subquery in it.
  [[nodiscard]] std::optional<pg_query::Node>
  resolved(const pg_query::Node& expression) const;
};

/// Both sides' names for rows in which the right side's columns stand behind
/// the `width` of the left side.
[[nodiscard]] std::vector<binding> side_by_side(std::vector<binding> left,
                                                std::vector<binding> right,
                                                std::size_t width);

/// A reference to the column at `index`, whatever it is called. No user can
/// write one: its qualifier is empty.
[[nodiscard]] pg_query::Node position(std::size_t index);

/// What `position` was given; nothing if `node` is anything else.
[[nodiscard]] std::optional<std::size_t>
position_of(const pg_query::Node& node);

/// A reference to `column` of `alias`; to the bare `column` if that is empty.
[[nodiscard]] pg_query::Node reference_to(const std::string& alias,
                                          const std::string& column);

/// `expression` as SQL, each position as `place` writes it: alias and name.
using place_column
  = std::function<std::pair<std::string, std::string>(std::size_t)>;
[[nodiscard]] std::string sql_of(const pg_query::Node& expression,
                                 const place_column& place);

/// `expression` as SQL over the input `i`.
[[nodiscard]] std::string over_input(const pg_query::Node& expression);

/// `expression` as SQL over `l`, whose columns are the first `width`, and `r`.
[[nodiscard]] std::string over_pair(const pg_query::Node& expression,
                                    std::size_t width);

/// `expression` with each position moved by `distance`.
[[nodiscard]] pg_query::Node moved(const pg_query::Node& expression,
                                   std::size_t distance);

} // namespace pgtrickle
