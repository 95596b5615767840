#pragma once
// Which rows of a join's side have a match on the other.

#include "services/differential/join_terms.hpp"

namespace pgtrickle {

/// Adds the terms for the change of K ⋉ O (`matched`) or K ▷ O, where K is
/// `kept` and O is `other`, in any order the two inputs of the join. Each row
/// is given as `outputs`, SQL over K's columns.
void add_matched(join_terms& terms, const join_input& kept,
                 const join_input& other,
                 const std::vector<std::string>& outputs, bool matched);

} // namespace pgtrickle
