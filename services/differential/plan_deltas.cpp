// How a program comes by the changes of a plan: once, and in the form that
// suits who reads them.

#include "services/differential/program_builder.hpp"

#include <algorithm>
#include <utility>

namespace pgtrickle {

namespace {

/// Whether the operator's delta is linear in that of each input: what was not
/// added up before can be afterwards.
bool is_linear(const plan& plan) {
  return std::holds_alternative<scan>(plan.node)
         || std::holds_alternative<filter>(plan.node)
         || std::holds_alternative<project>(plan.node)
         || std::holds_alternative<inner_join>(plan.node)
         || std::holds_alternative<union_all>(plan.node);
}

bool is_column(const std::string& output) {
  return output.starts_with("i.c")
         && output.find_first_not_of("0123456789", 3) == std::string::npos;
}

} // namespace

/// Whether `plan` picks from one source rows that nobody else reads, and
/// computes nothing of a row that may be gone again.
bool program_builder::reads_in_place(const plan& plan) const {
  const auto readers = readers_.find(&plan);
  if (target_.immediate || (readers != readers_.end() && readers->second > 1))
    return false;
  if (const auto* kept = std::get_if<filter>(&plan.node))
    return kept->harmless && std::holds_alternative<scan>(kept->input->node);
  if (const auto* made = std::get_if<project>(&plan.node))
    return std::ranges::all_of(made->outputs, is_column)
           && reads_in_place(*made->input);
  return std::holds_alternative<scan>(plan.node);
}

delta program_builder::added_up(const plan& plan) {
  const auto adds_up = std::exchange(adds_up_, true);
  const auto in_place = std::exchange(in_place_, reads_in_place(plan));
  auto input = differentiate(plan);
  adds_up_ = adds_up;
  in_place_ = in_place;
  return input;
}

delta program_builder::differentiate(const plan& plan) {
  const bool shared = readers_[&plan] > 1;
  if (const auto known = deltas_.find(&plan); shared && known != deltas_.end())
    return known->second;
  const auto adds_up = std::exchange(adds_up_, adds_up_ && is_linear(plan));
  auto changes = std::visit(
    [&](const auto& node) {
      return pgtrickle::differentiate(node, plan, *this);
    },
    plan.node);
  adds_up_ = adds_up;
  if (shared)
    changes
      = deltas_
          .insert_or_assign(&plan, staged(std::move(changes), plan.columns))
          .first->second;
  return changes;
}

void program_builder::count_readers(const plan& root) {
  for (const auto& input : inputs_of(root))
    if (++readers_[input.get()] == 1)
      count_readers(*input);
}

delta program_builder::staged(delta changes,
                              const std::vector<column>& columns) {
  if (!changes.costly)
    return changes;
  const auto rows = add_staged("delta", delta_definitions(columns));
  begin_if(any_rows(changes.counts));
  stage(rows, changes.relation);
  end_if();
  return {rows.relation, {rows.count}};
}

} // namespace pgtrickle
