#include "services/differential/aggregate_rows.hpp"

#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle {

namespace {

/// A SELECT of the ids of groups that satisfy `condition`, and of `values` of
/// the rows that `match` each.
std::string values_of(program_builder& program, const touched_groups& groups,
                      const texts& values, const std::string& match,
                      const std::string& condition) {
  return fmt::format("SELECT n.__id, {} FROM {} n JOIN {} i ON {} WHERE "
                     "n.__redo AND n.__n > 0 AND {} GROUP BY n.__id",
                     joined(values), groups.rows.relation,
                     program.current(*groups.node.input), match, condition);
}

/// The values of all groups that are read again. Without nulls in the key an
/// index of the source serves; with them only a hash over all its rows does.
std::string values_read(program_builder& program, const touched_groups& groups,
                        const texts& values) {
  // The one group is there even without rows.
  if (groups.keys.empty())
    return fmt::format("(SELECT 1, {} FROM {} i)", joined(values),
                       program.current(*groups.node.input));
  texts equal;
  texts nulls;
  for (std::size_t i = 0; i < groups.keys.size(); ++i) {
    equal.push_back(fmt::format("i.{0} = n.{0}", groups.keys[i]));
    if (!groups.key_columns[i].not_null)
      nulls.push_back(fmt::format("n.{} IS NULL", groups.keys[i]));
  }
  const auto by_index = joined(equal, " AND ");
  if (nulls.empty())
    return "(" + values_of(program, groups, values, by_index, "true") + ")";
  const auto some_null = "(" + joined(nulls, " OR ") + ")";
  const auto all = program.add_text();
  program.line(
    fmt::format("{} := {};", all.name,
                program.text_of(values_of(program, groups, values, by_index,
                                          "NOT " + some_null))));
  program.select(fmt::format("SELECT count(*) FROM {} n WHERE n.__redo AND {}",
                             groups.rows.relation, some_null),
                 "n");
  program.begin_if("n > 0");
  program.line(
    fmt::format("{0} := {0} || {1};", all.name,
                program.text_of(
                  " UNION ALL "
                  + values_of(program, groups, values,
                              groups.where.equal(references("i", groups.keys),
                                                 references("n", groups.keys)),
                              some_null))));
  program.end_if();
  return "(" + all.mark + ")";
}

/// Puts the values that were read into their groups.
void take_over(program_builder& program, const touched_groups& groups,
               const program_builder::staged_rows& read, const texts& names) {
  texts outputs;
  for (const auto& column : groups.rows.columns)
    outputs.push_back(
      std::ranges::find(names, column.name) == names.end()
        ? "n." + column.name
        : fmt::format("CASE WHEN r.__id IS NULL THEN n.{0} ELSE r.{0} END",
                      column.name));
  program.stage(groups.rows,
                fmt::format("(SELECT {} FROM {} n LEFT JOIN {} r USING (__id))",
                            joined(outputs), groups.rows.relation,
                            read.relation));
}

} // namespace

void read_again(program_builder& program, const touched_groups& groups) {
  texts names;
  texts values;
  std::vector<column_definition> columns{{"__id", "bigint"}};
  for (const auto& call : groups.calls)
    if (call.needs_rows() != "false") {
      names.push_back(call.value());
      values.push_back(call.sql());
      columns.push_back(call.value_definition());
    }
  const auto read = program.add_staged("values", columns);
  program.select(fmt::format("SELECT count(*) FROM {} n WHERE n.__redo",
                             groups.rows.relation),
                 "n");
  program.begin_if("n > 0");
  program.stage(read, values_read(program, groups, values));
  take_over(program, groups, read, names);
  program.end_if();
}

} // namespace pgtrickle
