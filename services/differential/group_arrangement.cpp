#include "services/differential/group_arrangement.hpp"

#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

group_arrangement::group_arrangement(const aggregate_groups& groups,
                                     program_builder& program)
  : groups_(groups), program_(program) {
  auto columns = definitions(groups.key_columns());
  columns.push_back({"__n", "bigint NOT NULL CHECK (__n >= 0)"});
  for (const auto& call : groups.calls()) {
    columns.push_back(call.value_definition());
    for (const auto& state : call.states())
      columns.push_back(state.column);
  }
  name_ = program.add_state("groups", columns);
  if (!groups.keys().empty())
    for (const auto& index : groups.where().index_on(name_, groups.keys()))
      program.add_state_index(index);
  program.add_fill(name_, filling());
}

std::string group_arrangement::filling() const {
  auto outputs = references("i", groups_.keys());
  outputs.emplace_back("count(*)");
  for (const auto& call : groups_.calls()) {
    outputs.push_back(call.sql());
    for (const auto& state : call.states())
      outputs.push_back(state.initial);
  }
  const auto keys = references("i", groups_.keys());
  return fmt::format(
    "SELECT {} FROM (SELECT *, 1::bigint AS __weight FROM {} q) i{}",
    joined(outputs), program_.current(*groups_.node().input),
    keys.empty() ? "" : " GROUP BY " + joined(keys));
}

void group_arrangement::update() {
  auto names = groups_.keys();
  names.emplace_back("__n");
  for (const auto& call : groups_.calls()) {
    names.push_back(call.value());
    for (const auto& state : call.states())
      names.push_back(state.column.name);
  }
  texts sets;
  for (auto i = groups_.keys().size(); i < names.size(); ++i)
    sets.push_back(fmt::format("{0} = n.{0}", names[i]));
  program_.run(fmt::format(
    "MERGE INTO {} a USING {} n ON a.ctid = n.__at {}WHEN MATCHED THEN "
    "UPDATE SET {} WHEN NOT MATCHED AND n.__n <> 0 THEN INSERT ({}) VALUES "
    "({})",
    name_, groups_.rows().relation,
    groups_.keys().empty() ? "" : "WHEN MATCHED AND n.__n = 0 THEN DELETE ",
    joined(sets), joined(names), joined(references("n", names))));
}

std::string group_arrangement::rows() const {
  auto outputs = references("a", groups_.keys());
  for (std::size_t i = 0; i < groups_.calls().size(); ++i)
    outputs.push_back(fmt::format("a.{} AS {}", groups_.calls()[i].value(),
                                  column_name(groups_.keys().size() + i)));
  return fmt::format("(SELECT {} FROM {} a)", joined(outputs), name_);
}

} // namespace pgtrickle
