#pragma once
// Which rows of a join's side have a match on the other.

#include "services/differential/join_terms.hpp"

namespace pgtrickle {

/// K ⋉ O or K ▷ O, K and O being the two inputs of a join in any order.
struct matching {
  const join_input& kept;
  const join_input& other;
  /// How a row of the result is made of K's: SQL.
  std::vector<std::string> outputs;
  /// K ⋉ O, and not K ▷ O.
  bool matched = true;
  /// Columns of K and of O that the condition demands to be equal.
  column_pairs equal = {};
};

/// Adds the term for the changes of K alone, O being as it is now.
void add_changed_rows(join_terms& terms, const matching& asked);

/// Adds the terms for the change of `asked`.
void add_matches(join_terms& terms, const matching& asked);

} // namespace pgtrickle
