#pragma once
// Rows whose first matches have come.

#include "services/differential/matches.hpp"

namespace pgtrickle {

/// Adds a term: with `weight`, the rows of the staging table `shifted` (of
/// which there are `count`, a variable) that match __shift rows of O and no
/// more, where __shift is positive.
void add_first_matches(join_terms& terms, const matching& asked,
                       const std::string& shifted, const std::string& count,
                       const std::string& weight);

/// A SELECT of the rows of `relation`, in place of K, that satisfy `predicate`.
[[nodiscard]] std::string rows_of(const matching& asked,
                                  const std::string& relation,
                                  const std::string& weight,
                                  const std::string& predicate);

/// The rows of `relation`, in place of O, that match the row of K.
[[nodiscard]] std::string matches_in(const join_terms& terms,
                                     const matching& asked,
                                     const std::string& relation);

} // namespace pgtrickle
