// Δ(A ⊎ B) = ΔA ⊎ ΔB

#include "services/differential/program_builder.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

delta differentiate(const union_all& node, const plan& self,
                    program_builder& program) {
  std::vector<std::string> arms;
  std::vector<std::string> counts;
  bool costly = false;
  for (const auto& input : node.inputs) {
    const auto arm = program.differentiate(*input);
    arms.push_back(fmt::format("SELECT {}{}__weight FROM {} i",
                               column_list("i", self.columns.size()),
                               self.columns.empty() ? "" : ", ", arm.relation));
    costly = costly || arm.costly;
    counts.insert(counts.end(), arm.counts.begin(), arm.counts.end());
  }
  return {"(" + joined(arms, " UNION ALL ") + ")", std::move(counts), costly};
}

} // namespace pgtrickle
