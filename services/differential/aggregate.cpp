// Δγ(Q) = new rows of the touched groups − their old rows
//
// A group that no change of Q falls into keeps its row. For the touched ones
// the arrangement holds the old row (v…) and partial states (s…): where the new
// value follows from state + change it is arithmetic; where it doesn't (an
// extreme that went, an aggregate of the user's), that group alone is read
// again.

#include "services/differential/group_arrangement.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

namespace {

std::string emitted(const aggregate_groups& groups) {
  auto before = groups.old_row();
  auto after = groups.new_row();
  before.emplace_back("-1::bigint AS __weight");
  after.emplace_back("1::bigint AS __weight");
  const auto& rows = groups.rows().relation;
  const auto changed = groups.has_changed();
  // Without keys there is one group, which has a row even when it is empty.
  return fmt::format("(SELECT {} FROM {} n WHERE n.__was AND ({}) UNION ALL "
                     "SELECT {} FROM {} n WHERE {} AND ({}))",
                     joined(before), rows, changed, joined(after), rows,
                     groups.keys().empty() ? "true" : "n.__n > 0", changed);
}

} // namespace

delta differentiate(const aggregate& node, const plan& self,
                    program_builder& program) {
  aggregate_groups groups{node, self, program};
  const auto input = groups.changes_of_input();
  group_arrangement arrangement{groups, program};
  program.begin_if(any_rows(input.counts));
  groups.stage(input, arrangement.name());
  arrangement.update();
  program.end_if();
  program.store(self, arrangement.rows());
  return {emitted(groups), {groups.rows().count}};
}

} // namespace pgtrickle
