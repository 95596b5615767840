// Δ(L ⋈ R) = ΔL ⋈ R  +  L ⋈ ΔR  -  ΔL ⋈ ΔR
//
// L and R are the inputs as of the new frontier, the only state still stored.
// The last term takes back the pairs that the first two both count. Each term
// is a statement of its own, so that it is planned for the delta's real size,
// and left out when its delta is empty.

#include "services/differential/program_builder.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

delta differentiate(const inner_join& node, const plan& self,
                    program_builder& program) {
  const auto left = program.differentiate(*node.left);
  const auto right = program.differentiate(*node.right);
  auto columns = definitions(self.columns);
  columns.push_back({"__weight", "bigint"});
  const auto pairs = program.add_staging("join", columns);
  const auto count = program.add_count();
  program.clear_after(pairs, count);

  const auto outputs
    = column_list("l", node.left->columns.size())
      + (node.left->columns.empty() || node.right->columns.empty() ? "" : ", ")
      + column_list("r", node.right->columns.size())
      + (self.columns.empty() ? "" : ", ");
  const auto term
    = [&](std::string_view weight, std::string_view l, std::string_view r) {
        program.run(
          fmt::format("INSERT INTO {} SELECT {}{} FROM {} l JOIN {} r ON {}",
                      pairs, outputs, weight, l, r, node.condition),
          count);
      };
  program.begin_if(any_rows(left.counts));
  term("l.__weight", left.relation, program.current(*node.right));
  program.end_if();
  program.begin_if(any_rows(right.counts));
  term("r.__weight", program.current(*node.left), right.relation);
  program.begin_if(any_rows(left.counts));
  term("-l.__weight * r.__weight", left.relation, right.relation);
  program.end_if();
  program.end_if();
  return {pairs, {count}};
}

} // namespace pgtrickle
