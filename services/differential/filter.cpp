// Δσ(Q) = σ(ΔQ)
//
// Selection is linear: it keeps or drops a change, and never alters a weight.
// A predicate that can't fail is asked of a source's changes where they lie,
// before anything is staged; another one only of those that don't cancel.

#include "services/differential/program_builder.hpp"

#include <fmt/format.h>

namespace pgtrickle {

namespace {

/// A share of the rows for which it pays to stage them: reading a change costs
/// a quarter of staging it.
constexpr double few = 0.25;

} // namespace

delta differentiate(const filter& node, const plan&, program_builder& program) {
  const auto* table = std::get_if<scan>(&node.input->node);
  const bool leaves_few = table != nullptr && node.share < few;
  // What triggers stage of a statement lies in a table already.
  if (table != nullptr && node.harmless && !program.target().immediate)
    return program.source(*table, {node.predicate, leaves_few});
  auto input = program.differentiate(*node.input);
  return {fmt::format("(SELECT * FROM {} i WHERE {})", input.relation,
                      node.predicate),
          std::move(input.counts), input.costly || leaves_few};
}

} // namespace pgtrickle
