// Δδ(Q): the rows whose multiplicity crosses zero
//
// That is GROUP BY over all columns with no aggregate, whose arrangement
// counts each row's copies.

#include "services/differential/program_builder.hpp"

namespace pgtrickle {

delta differentiate(const distinct& node, const plan& self,
                    program_builder& program) {
  return differentiate(aggregate{node.input, self.columns.size(), {}}, self,
                       program);
}

} // namespace pgtrickle
