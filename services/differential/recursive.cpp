// ΔQ = Q − what Q gave last time

#include "services/differential/program_builder.hpp"

namespace pgtrickle {

delta differentiate(const recursive&, const plan& self,
                    program_builder& program) {
  const auto all = current(self);
  return differentiate(
    opaque{all.substr(1, all.size() - 2), tables_of(self), ""}, self, program);
}

delta differentiate(const recursion&, const plan& self, program_builder&) {
  return {no_rows(self.columns), {"0"}};
}

} // namespace pgtrickle
