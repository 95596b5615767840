// Δ(L ⟕ R) = Δ(L ⋈ R)  +  Δ(L ▷ R) padded with nulls
//
// and the same for the other side, if that is kept: which rows of L have no
// match in R depends on no other row of L, and is an anti join.

#include "services/differential/matches.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

namespace {

std::vector<std::string> nulls(const join_input& input) {
  std::vector<std::string> result;
  for (const auto& column : input.rows.columns)
    result.push_back("NULL::" + definition("", column).type);
  return result;
}

/// The columns of `left` and `right`, named as the join's.
std::vector<std::string> row_of(std::vector<std::string> left,
                                const std::vector<std::string>& right) {
  left.insert(left.end(), right.begin(), right.end());
  for (std::size_t i = 0; i < left.size(); ++i)
    left[i] += " AS " + column_name(i);
  return left;
}

} // namespace

delta differentiate(const outer_join& node, const plan& self,
                    program_builder& program) {
  join_terms terms{node, self, program};
  const auto& left = terms.left();
  const auto& right = terms.right();
  terms.add_pairs();
  if (node.keeps_left)
    add_matches(terms, {left, right, row_of(left.columns(), nulls(right)),
                        false, node.equal});
  auto mirrored = node.equal;
  for (auto& pair : mirrored)
    std::swap(pair.first, pair.second);
  if (node.keeps_right)
    add_matches(terms, {right, left, row_of(nulls(left), right.columns()),
                        false, std::move(mirrored)});
  return terms.sum();
}

} // namespace pgtrickle
