#include "services/differential/aggregate_groups.hpp"

#include "services/differential/aggregate_rows.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle {

aggregate_groups::aggregate_groups(const aggregate& node, const plan& self,
                                   program_builder& program)
  : node_(node), program_(program),
    key_columns_(self.columns.begin(),
                 self.columns.begin() + static_cast<long>(node.keys)),
    where_(key_columns_, all_columns(node.keys)),
    keys_(column_names(node.keys)) {
  for (std::size_t i = 0; i < node.calls.size(); ++i)
    calls_.emplace_back(node.calls[i], i, self.columns[node.keys + i],
                        node.input->columns);
}

bool aggregate_groups::has_extremes() const {
  return std::ranges::any_of(
    calls_, [](const auto& call) { return call.is_extreme(); });
}

/// Sums let a row that came and went cancel by itself. An extreme is looked for
/// among the new rows, and must not be one that is gone again.
delta aggregate_groups::changes_of_input() {
  return has_extremes() ? program_.differentiate(*node_.input)
                        : program_.added_up(*node_.input);
}

/// A SELECT of what changed, group by group.
std::string aggregate_groups::changes(const delta& input) const {
  auto outputs = references("i", keys_);
  outputs.emplace_back("sum(i.__weight)::bigint AS __n");
  for (const auto& call : calls_) {
    for (const auto& state : call.states())
      outputs.push_back(state.change + " AS " + state.column.name);
    if (call.is_extreme()) {
      outputs.push_back(call.came_change() + " AS " + call.came());
      outputs.push_back(call.went_change() + " AS " + call.went());
    }
  }
  return fmt::format(
    "SELECT {} FROM {} i{}", joined(outputs),
    has_extremes() ? consolidated(input.relation, node_.input->columns)
                   : input.relation,
    keys_.empty() ? "" : " GROUP BY " + joined(references("i", keys_)));
}

bool aggregate_groups::some_are_read_again() const {
  return std::ranges::any_of(
    calls_, [](const auto& call) { return call.needs_rows() != "false"; });
}

std::vector<column_definition> aggregate_groups::columns(bool weighed) const {
  auto result = definitions(key_columns_);
  result.push_back({"__at", "tid"});
  result.push_back({"__was", "boolean"});
  result.push_back({"__n", "bigint"});
  for (const auto& call : calls_) {
    result.push_back({call.old_value(), call.value_definition().type});
    for (const auto& state : call.states())
      result.push_back(state.column);
    result.push_back(call.value_definition());
  }
  result.push_back({"__redo", "boolean"});
  if (some_are_read_again())
    result.push_back({"__id", "bigint"});
  if (weighed)
    result.push_back({"__weight", "bigint"});
  return result;
}

/// The changes, each beside the group's row of `kept`: a SELECT.
std::string aggregate_groups::beside_old(const delta& input,
                                         const std::string& kept) const {
  texts outputs;
  for (const auto& key : keys_)
    outputs.push_back(fmt::format(
      "CASE WHEN a.__n IS NULL THEN g.{0} ELSE a.{0} END AS {0}", key));
  outputs.emplace_back("a.ctid AS __at");
  outputs.emplace_back("a.__n IS NOT NULL AS __was");
  outputs.emplace_back("coalesce(a.__n, 0) + coalesce(g.__n, 0) AS __n");
  for (const auto& call : calls_) {
    outputs.push_back(
      fmt::format("a.{} AS {}", call.value(), call.old_value()));
    for (const auto& state : call.states())
      outputs.push_back(
        fmt::format("coalesce(a.{0}, 0) + g.{0} AS {0}", state.column.name));
    if (call.is_extreme()) {
      outputs.push_back("g." + call.came());
      outputs.push_back("g." + call.went());
    }
  }
  return fmt::format(
    "SELECT {} FROM ({}) g LEFT JOIN {} a ON {}", joined(outputs),
    changes(input), kept,
    where_.equal(references("a", keys_), references("g", keys_)));
}

/// What `columns` are, over `x`.
texts aggregate_groups::new_states(bool weighed) const {
  auto outputs = references("x", keys_);
  for (const auto* own : {"x.__at", "x.__was", "x.__n"})
    outputs.emplace_back(own);
  texts redo;
  for (const auto& call : calls_) {
    outputs.push_back("x." + call.old_value());
    for (const auto& state : call.states())
      outputs.push_back("x." + state.column.name);
    outputs.push_back(call.new_value());
    if (call.needs_rows() != "false")
      redo.push_back(call.needs_rows());
  }
  outputs.push_back(redo.empty() ? "false" : joined(redo, " OR "));
  if (!redo.empty())
    outputs.emplace_back("row_number() OVER ()");
  if (weighed)
    outputs.emplace_back(
      keys_.empty() ? "CASE WHEN x.__was THEN 0 ELSE 1 END"
                    : "CASE WHEN x.__n > 0 THEN CASE WHEN x.__was THEN 0 ELSE "
                      "1 END WHEN x.__was OR x.__n < 0 THEN -1 ELSE 0 END");
  return outputs;
}

void aggregate_groups::stage(const delta& input, const std::string& kept,
                             bool weighed) {
  groups_ = program_.add_staged("groups", columns(weighed));
  program_.stage(groups_,
                 fmt::format("(SELECT {} FROM ({}) x)",
                             joined(new_states(weighed)),
                             beside_old(input, kept)),
                 input.window);
  if (some_are_read_again())
    read_again(program_, {node_, key_columns_, where_, keys_, calls_, groups_});
}

std::string aggregate_groups::has_changed() const {
  texts old_values;
  texts new_values;
  for (const auto& call : calls_) {
    const auto& type = call.value_type();
    for (auto& [values, name] : {std::pair{&old_values, call.old_value()},
                                 {&new_values, call.value()}}) {
      // Their text takes longer to write than two numerics to compare.
      values->push_back(is_numeric(type.type) ? "n." + name
                                              : exact("n." + name, type));
      if (type.type == "numeric")
        values->push_back(fmt::format("scale(n.{})", name));
    }
  }
  std::string changed = "NOT n.__was OR n.__n = 0";
  if (!old_values.empty())
    changed += fmt::format(" OR ROW({}) IS DISTINCT FROM ROW({})",
                           joined(old_values), joined(new_values));
  return changed;
}

texts aggregate_groups::old_row() const {
  auto row = references("n", keys_);
  for (std::size_t i = 0; i < calls_.size(); ++i)
    row.push_back(fmt::format("n.{} AS {}", calls_[i].old_value(),
                              column_name(node_.keys + i)));
  return row;
}

texts aggregate_groups::new_row() const {
  auto row = references("n", keys_);
  for (std::size_t i = 0; i < calls_.size(); ++i)
    row.push_back(fmt::format("n.{} AS {}", calls_[i].value(),
                              column_name(node_.keys + i)));
  return row;
}

} // namespace pgtrickle
