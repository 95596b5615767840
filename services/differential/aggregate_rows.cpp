#include "services/differential/aggregate_rows.hpp"

#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

namespace {

/// Adds the statement that sets `sets` to `values` of the rows that `match` a
/// group which satisfies `condition`.
void read_rows(program_builder& program, const touched_groups& groups,
               const texts& sets, const texts& values,
               const std::string& condition, const std::string& match) {
  program.run(fmt::format(
    "UPDATE {0} n SET {1} FROM (SELECT n.ctid AS id, {2} FROM {0} n "
    "JOIN {3} i ON {4} WHERE {5} GROUP BY n.ctid) r WHERE n.ctid = r.id",
    groups.table, joined(sets), joined(values),
    program.current(*groups.node.input), match, condition));
}

} // namespace

void read_again(program_builder& program, const touched_groups& groups) {
  if (groups.redo_count.empty())
    return;
  texts sets;
  texts values;
  for (const auto& call : groups.calls)
    if (call.needs_rows() != "false") {
      sets.push_back(fmt::format("{0} = r.{0}", call.value()));
      values.push_back(fmt::format("{} AS {}", call.sql(), call.value()));
    }
  program.begin_if(groups.redo_count + " > 0");
  if (groups.keys.empty()) {
    // The one group is there even without rows.
    program.run(fmt::format(
      "UPDATE {} n SET {} FROM (SELECT {} FROM {} i) r WHERE n.__redo",
      groups.table, joined(sets), joined(values),
      program.current(*groups.node.input)));
    program.end_if();
    return;
  }
  // Without nulls in the key an index of the source serves; with them only a
  // hash over all its rows does.
  texts equal;
  texts nulls;
  for (std::size_t i = 0; i < groups.keys.size(); ++i) {
    equal.push_back(fmt::format("i.{0} = n.{0}", groups.keys[i]));
    if (!groups.key_columns[i].not_null)
      nulls.push_back(fmt::format("n.{} IS NULL", groups.keys[i]));
  }
  const auto some_null
    = nulls.empty() ? "false" : "(" + joined(nulls, " OR ") + ")";
  read_rows(program, groups, sets, values,
            "n.__redo AND n.__n > 0 AND NOT " + some_null,
            joined(equal, " AND "));
  if (!nulls.empty()) {
    const auto condition = "n.__redo AND n.__n > 0 AND " + some_null;
    program.line(
      fmt::format("EXECUTE {} INTO n;",
                  literal(fmt::format("SELECT count(*) FROM {} n WHERE {}",
                                      groups.table, condition))));
    program.begin_if("n > 0");
    read_rows(program, groups, sets, values, condition,
              groups.where.equal(references("i", groups.keys),
                                 references("n", groups.keys)));
    program.end_if();
  }
  program.end_if();
}

} // namespace pgtrickle
