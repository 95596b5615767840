// Δσ(Q) = σ(ΔQ)
//
// Selection is linear: it keeps or drops a change, and never alters a weight.
// Where it keeps few changes of a source, whoever reads them twice stages them:
// PostgreSQL knows then how few they are, or there are none.

#include "services/differential/program_builder.hpp"

#include <fmt/format.h>

namespace pgtrickle {

namespace {

/// A share of the rows for which it pays to stage them: reading a change costs
/// a quarter of staging it.
constexpr double few = 0.25;

} // namespace

delta differentiate(const filter& node, const plan&, program_builder& program) {
  auto input = program.differentiate(*node.input);
  return {
    fmt::format("(SELECT * FROM {} i WHERE {})", input.relation,
                node.predicate),
    std::move(input.counts),
    input.costly
      || (std::holds_alternative<scan>(node.input->node) && node.share < few)};
}

} // namespace pgtrickle
