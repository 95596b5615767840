// Δσ(Q) = σ(ΔQ)
//
// Selection is linear: it keeps or drops a change, and never alters a weight.

#include "services/differential/program_builder.hpp"

#include <fmt/format.h>

namespace pgtrickle {

delta differentiate(const filter& node, const plan&, program_builder& program) {
  auto input = program.differentiate(*node.input);
  return {fmt::format("(SELECT * FROM {} i WHERE {})", input.relation,
                      node.predicate),
          std::move(input.counts), input.costly};
}

} // namespace pgtrickle
