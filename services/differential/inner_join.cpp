// Δ(L ⋈ R) = ΔL ⋈ R  +  L ⋈ ΔR  -  ΔL ⋈ ΔR
//
// L and R are the inputs as of the new frontier, the only state still stored.
// The last term takes back the pairs that the first two both count. A term
// whose delta is empty is left out when the program runs, so that what is left
// is planned for what there is.

#include "services/differential/join_terms.hpp"

namespace pgtrickle {

delta differentiate(const inner_join& node, const plan& self,
                    program_builder& program) {
  join_terms terms{node, self, program};
  terms.add_pairs();
  return terms.sum();
}

} // namespace pgtrickle
