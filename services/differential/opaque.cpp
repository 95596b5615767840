// ΔQ = Q − what Q gave last time
//
// For a query that no operator covers. It is run again when one of its tables
// has changed; an arrangement holds its last rows. A constant never changes.

#include "services/differential/apply.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

delta differentiate(const opaque& node, const plan& self,
                    program_builder& program) {
  if (node.tables.empty())
    return {no_rows(delta_definitions(self.columns)), {"0"}};
  const auto width = self.columns.size();
  const locator where{self.columns, {}};
  const auto names = column_names(width);
  const auto state = program.add_state("opaque", definitions(self.columns));
  for (const auto& index : where.index_on(state, names))
    program.add_state_index(index);
  program.add_fill(
    fmt::format("INSERT INTO {} SELECT * FROM ({}) q", state, node.sql));

  const auto changes
    = program.add_staged("opaque", delta_definitions(self.columns));
  std::vector<std::string> counts;
  for (auto table : node.tables)
    counts.push_back(program.changes_of(table));
  program.store(self, fmt::format("(SELECT * FROM {} s)", state));
  program.begin_if(any_rows(counts));
  program.stage(changes, consolidated(difference(current(self), state, names),
                                      self.columns));
  program.begin_if(changes.count + " > 0");
  apply(program, {state, names}, where, changes.relation);
  program.end_if();
  program.end_if();
  return {changes.relation, {changes.count}};
}

} // namespace pgtrickle
