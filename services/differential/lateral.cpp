// Δ(Q ⋈ f(Q)) = ΔQ ⋈ f(ΔQ)
//
// The relation beside a row depends on that row alone: a change brings or takes
// along what belongs to it, with its own weight. That is so for the padded row
// of a LEFT JOIN too.

#include "services/differential/locator.hpp"
#include "services/differential/program_builder.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

delta differentiate(const lateral& node, const plan&,
                    program_builder& program) {
  auto input = program.differentiate(*node.input);
  const auto width = node.input->columns.size();
  auto outputs = references("i", column_names(width));
  for (std::size_t i = 0; i < node.columns.size(); ++i)
    outputs.push_back(
      fmt::format("f.{} AS {}", column_name(i), column_name(width + i)));
  outputs.emplace_back("i.__weight");
  return {fmt::format("(SELECT {} FROM {} i {}JOIN LATERAL {} f ON true)",
                      joined(outputs), input.relation,
                      node.keeps_input ? "LEFT " : "", node.relation),
          std::move(input.counts), true};
}

} // namespace pgtrickle
