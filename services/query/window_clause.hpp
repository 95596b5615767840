#pragma once
// What a SELECT gives out and in what order: its list, ORDER BY, DISTINCT ON
// and WINDOW, before names are resolved.

#include "services/query/named_rows.hpp"

namespace pgtrickle {

/// An item of ORDER BY: a column of the projected rows, and what stands behind
/// it: "DESC NULLS LAST".
struct order_item {
  std::size_t column = 0;
  std::string direction;
};

/// The expressions that a level computes: its list, the columns by which outer
/// rows find its rows, and what only ORDER BY and DISTINCT ON name.
struct sorted_outputs {
  /// `outer`: the columns behind the list.
  sorted_outputs(const pg_query::SelectStmt& query,
                 const std::vector<pg_query::Node>& outer);

  std::vector<pg_query::Node> expressions;
  /// How many of them the level gives out: its list and the outer columns.
  std::size_t width = 0;
  std::size_t listed = 0;
  std::vector<order_item> order;
  bool has_unknown_order = false;
  /// DISTINCT ON.
  std::vector<std::size_t> once;

  /// Positions of the outer columns.
  [[nodiscard]] std::vector<std::size_t> outer() const;

private:
  std::size_t at(const pg_query::Node& expression);
};

/// What stands behind a sort expression; nothing for USING an operator.
[[nodiscard]] std::optional<std::string>
direction_of(const pg_query::SortBy& sort);

/// ORDER BY `order` over `i`.
[[nodiscard]] std::vector<std::string>
order_over_input(const std::vector<order_item>& order);

} // namespace pgtrickle
