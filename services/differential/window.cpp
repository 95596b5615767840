// ΔQ = Q − what Q gave last time

#include "services/differential/program_builder.hpp"

namespace pgtrickle {

delta differentiate(const window&, const plan& self, program_builder& program) {
  const auto all = current(self);
  return differentiate(
    opaque{all.substr(1, all.size() - 2), tables_of(self), ""}, self, program);
}

} // namespace pgtrickle
