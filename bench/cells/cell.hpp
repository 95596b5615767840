#pragma once
// The workload of cells and size: a table of items, a table that they refer
// to, five queries, and a delta for each that somebody wrote for it alone.

#include <cstdint>
#include <span>
#include <string>

namespace pgtrickle::bench {

/// One query of the five.
struct cell {
  std::string name;
  std::string query;
  /// The column that tells its rows apart.
  std::string key;
  /// SQL that brings the table `by_hand`, which holds the query's rows, up to
  /// date from `hand_changes`: one transaction.
  std::string by_hand;
  /// How many times faster than recomputing it is to be at 1 % of 1,000,000
  /// rows.
  double least_ratio;
};

[[nodiscard]] std::span<const cell> cells();

/// Statements that create the tables `item`, of so many rows, and `dim`, of a
/// hundredth of them, in the current schema.
[[nodiscard]] std::string create_items(std::int64_t rows);

/// Statements that create `by_hand` for `query` and, by triggers on `item`,
/// `hand_changes`.
[[nodiscard]] std::string create_by_hand(const cell& query);

/// Statements that change a share of the items, other ones each turn: 70 % of
/// them updated, 15 % deleted, and 15 % added.
[[nodiscard]] std::string change_items(std::int64_t rows, double share,
                                       int turn);

} // namespace pgtrickle::bench
