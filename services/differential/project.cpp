// Δπ(Q) = π(ΔQ)
//
// Projection is linear: rows that become alike keep their own weights.

#include "services/differential/program_builder.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

delta differentiate(const project& node, const plan&,
                    program_builder& program) {
  auto input = program.differentiate(*node.input);
  std::vector<std::string> outputs;
  for (std::size_t i = 0; i < node.outputs.size(); ++i)
    outputs.push_back(fmt::format("{} AS {}", node.outputs[i], column_name(i)));
  outputs.emplace_back("i.__weight");
  return {fmt::format("(SELECT {} FROM {} i)", joined(outputs), input.relation),
          std::move(input.counts), input.costly, std::move(input.window)};
}

} // namespace pgtrickle
