// ΔT is what the change buffer of T holds beyond the frontier.

#include "services/differential/program_builder.hpp"

namespace pgtrickle {

delta differentiate(const scan& node, const plan&, program_builder& program) {
  return program.source(node);
}

} // namespace pgtrickle
