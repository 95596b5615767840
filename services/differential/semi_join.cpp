// Δ(L ⋉ R) = ΔL ⋉ R  +  those rows of L's last state whose having a match in R
// has changed; and the same for L ▷ R, which has the others.

#include "services/differential/matches.hpp"
#include "services/query/sql_text.hpp"

namespace pgtrickle {

delta differentiate(const semi_join& node, const plan& self,
                    program_builder& program) {
  join_terms terms{node, self, program};
  add_matched(terms, terms.left(), terms.right(), terms.left().columns(),
              !node.anti);
  return terms.sum();
}

} // namespace pgtrickle
