// Δ(L ⋈ R) = ΔL ⋈ R  +  L ⋈ ΔR  -  ΔL ⋈ ΔR
//
// L and R are the inputs as of the new frontier, the only state still stored.
// The last term takes back the pairs that the first two both count. A term
// whose delta is empty is left out when the program runs, so that what is left
// is planned for what there is.

#include "services/differential/program_builder.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

namespace {

constexpr std::string_view separator = " UNION ALL ";

} // namespace

delta differentiate(const inner_join& node, const plan& self,
                    program_builder& program) {
  const auto left
    = program.staged(program.differentiate(*node.left), node.left->columns);
  const auto right
    = program.staged(program.differentiate(*node.right), node.right->columns);
  std::vector<std::string> outputs;
  for (std::size_t i = 0; i < self.columns.size(); ++i) {
    const auto of_left = i < node.left->columns.size();
    outputs.push_back(
      fmt::format("{}.{} AS {}", of_left ? "l" : "r",
                  column_name(of_left ? i : i - node.left->columns.size()),
                  column_name(i)));
  }
  const auto terms = program.add_text();
  const auto add_term
    = [&](std::string_view weight, std::string_view l, std::string_view r) {
        auto columns = outputs;
        columns.push_back(fmt::format("{} AS __weight", weight));
        program.line(fmt::format(
          "{0} := {0} || {1};", terms.name,
          program.text_of(fmt::format("{}SELECT {} FROM {} l JOIN {} r ON {}",
                                      separator, joined(columns), l, r,
                                      node.condition))));
      };
  program.line(fmt::format("{} := '';", terms.name));
  program.begin_if(any_rows(left.counts));
  add_term("l.__weight", left.relation, program.current(*node.right));
  program.end_if();
  program.begin_if(any_rows(right.counts));
  add_term("r.__weight", program.current(*node.left), right.relation);
  program.begin_if(any_rows(left.counts));
  add_term("-l.__weight * r.__weight", left.relation, right.relation);
  program.end_if();
  program.end_if();
  program.line(fmt::format(
    "{0} := CASE {0} WHEN '' THEN {1} ELSE '(' || substr({0}, {2}) || ')' END;",
    terms.name, literal(no_rows(self.columns)), separator.size() + 1));
  auto counts = left.counts;
  counts.insert(counts.end(), right.counts.begin(), right.counts.end());
  return {terms.mark, std::move(counts), true};
}

} // namespace pgtrickle
