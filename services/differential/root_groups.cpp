// The rows of the touched groups are written where they are: nothing has to be
// consolidated, since a group has one row before and one after.
//
// Where the query gives count(*) and what else its other values follow from,
// the stream table is itself what an arrangement would be.

#include "services/differential/root_groups.hpp"

#include "services/differential/group_arrangement.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle {

namespace {

/// Which output shows column `at` of the aggregate as it is.
std::optional<std::size_t> shown_at(const root_aggregate& root,
                                    std::size_t at) {
  const auto found = std::ranges::find(root.outputs, "i." + column_name(at));
  if (found == root.outputs.end())
    return std::nullopt;
  return static_cast<std::size_t>(found - root.outputs.begin());
}

/// Where the stream table's rows show what a group keeps.
class shown_states {
public:
  shown_states(const root_aggregate& root, const aggregate_groups& groups,
               const program_target& target)
    : root_(root), groups_(groups), target_(target) {}

  /// The states as a relation with ctid; nothing if the rows don't tell them.
  [[nodiscard]] std::optional<std::string> relation() const {
    texts outputs{"s.ctid"};
    const auto add
      = [&](const std::optional<std::string>& value, const std::string& name) {
          if (value)
            outputs.push_back(*value + " AS " + name);
          return value.has_value();
        };
    if (!add(count(-1, -1), "__n"))
      return std::nullopt;
    for (std::size_t key = 0; key < groups_.keys().size(); ++key)
      if (!add(column(key), groups_.keys()[key]))
        return std::nullopt;
    for (std::size_t i = 0; i < groups_.calls().size(); ++i) {
      const auto& call = groups_.calls()[i];
      if (!add(column(groups_.keys().size() + i), call.value()))
        return std::nullopt;
      for (const auto& state : call.states())
        if (!add(value_of(state, root_.node.calls[i]), state.column.name))
          return std::nullopt;
    }
    return fmt::format("(SELECT {} FROM {} s)", joined(outputs), target_.name);
  }

private:
  [[nodiscard]] std::optional<std::string> column(std::size_t at) const {
    const auto shown = shown_at(root_, at);
    if (!shown)
      return std::nullopt;
    return "s." + quoted(target_.columns[*shown]);
  }

  /// The value of a call of that kind.
  [[nodiscard]] std::optional<std::string>
  value_of_call(aggregate_kind kind, int argument, int condition) const {
    const auto& calls = root_.node.calls;
    for (std::size_t i = 0; i < calls.size(); ++i)
      if (calls[i].kind == kind && calls[i].argument == argument
          && calls[i].condition == condition)
        if (auto shown = column(groups_.keys().size() + i))
          return shown;
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::string> count(int argument,
                                                 int condition) const {
    const bool counts_rows
      = argument < 0
        || root_.node.input->columns[static_cast<std::size_t>(argument)]
             .not_null;
    if (auto same = value_of_call(aggregate_kind::count, argument, condition))
      return same;
    return counts_rows ? value_of_call(aggregate_kind::count, -1, condition)
                       : std::nullopt;
  }

  [[nodiscard]] std::optional<std::string>
  value_of(const partial_state& state, const aggregate_call& call) const {
    if (state.is == partial_state::meaning::count)
      return count(call.argument, call.condition);
    if (state.is != partial_state::meaning::sum)
      return std::nullopt;
    const auto total
      = value_of_call(aggregate_kind::sum, call.argument, call.condition);
    if (!total)
      return std::nullopt;
    return fmt::format("coalesce({}, 0)::numeric", *total);
  }

  const root_aggregate& root_;
  const aggregate_groups& groups_;
  const program_target& target_;
};

/// Writes the staged groups that have changed: `found` is the condition that
/// finds the row `s` of such a group `d`.
void write_groups(program_builder& program, const root_aggregate& root,
                  const aggregate_groups& groups, const std::string& found) {
  const auto& target = program.target();
  const auto names = column_names(root.outputs.size());
  const auto keys = groups.keys().size();
  texts outputs;
  texts columns;
  texts sets;
  for (std::size_t i = 0; i < names.size(); ++i) {
    outputs.push_back(fmt::format("{} AS {}", root.outputs[i], names[i]));
    columns.push_back(quoted(target.columns[i]));
    const bool is_key
      = std::ranges::any_of(all_columns(keys), [&](std::size_t key) {
          return root.outputs[i] == "i." + column_name(key);
        });
    if (!is_key)
      sets.push_back(fmt::format("{} = d.{}", columns[i], names[i]));
  }
  auto row = groups.new_row();
  for (const auto* own : {"__at", "__n"}) {
    row.push_back(fmt::format("n.{}", own));
    outputs.push_back(fmt::format("i.{}", own));
  }
  program.run(fmt::format(
    "MERGE INTO {} s USING (SELECT {} FROM (SELECT {} FROM {} n WHERE {}) i) d "
    "ON {} {}{}WHEN NOT MATCHED{} THEN INSERT ({}) VALUES ({})",
    target.name, joined(outputs), joined(row), groups.rows().relation,
    groups.has_changed(), found,
    keys == 0 ? "" : "WHEN MATCHED AND d.__n = 0 THEN DELETE ",
    sets.empty() ? "" : "WHEN MATCHED THEN UPDATE SET " + joined(sets) + " ",
    keys == 0 ? "" : " AND d.__n > 0", joined(columns),
    joined(references("d", names))));
}

/// The condition that `s` is the row of the group `d`.
std::string same_key(const program_target& target, const locator& where) {
  texts columns;
  for (const auto& name : target.columns)
    columns.push_back(quoted(name));
  return where.equal(references("s", columns),
                     references("d", column_names(columns.size())));
}

/// Of n rows that were written, some appeared, some went, and the others were
/// replaced.
void count_rows(program_builder& program, const aggregate_groups& groups) {
  const auto& rows = groups.rows();
  program.line(
    fmt::format("missing := -pgtrickle._weight({}, false);", rows.variable));
  program.line("inserted := n - missing;");
  program.line(
    fmt::format("deleted := n - pgtrickle._weight({}, true);", rows.variable));
  if (groups.keys().empty())
    return;
  program.begin_if("missing > 0");
  program.select(
    fmt::format("SELECT count(*) FROM {} n WHERE n.__n < 0", rows.relation),
    "missing");
  program.begin_if("missing > 0");
  program.line(fmt::format(
    "RAISE EXCEPTION USING ERRCODE = 'data_corrupted', MESSAGE = format('%s "
    "groups that have to shrink are not in %s', missing, {});",
    literal(program.target().name)));
  program.end_if();
  program.end_if();
}

} // namespace

std::optional<root_aggregate> root_aggregate_of(const plan& root) {
  const auto* outer = std::get_if<project>(&root.node);
  const auto& self = outer == nullptr ? root : *outer->input;
  const auto* node = std::get_if<aggregate>(&self.node);
  if (node == nullptr || root.columns.empty())
    return std::nullopt;
  root_aggregate found{*node, self, {}};
  if (outer != nullptr)
    found.outputs = outer->outputs;
  else
    for (const auto& name : column_names(self.columns.size()))
      found.outputs.push_back("i." + name);
  if (node->keys == 0)
    return found;
  if (root.key.size() != node->keys)
    return std::nullopt;
  for (std::size_t key = 0; key < node->keys; ++key)
    if (shown_at(found, key) != root.key[key])
      return std::nullopt;
  return found;
}

void follow_groups(program_builder& program, const root_aggregate& root,
                   const locator& where) {
  aggregate_groups groups{root.node, root.self, program};
  const auto input = groups.changes_of_input();
  const auto own = program.target().immediate
                     ? std::nullopt
                     : shown_states{root, groups, program.target()}.relation();
  std::optional<group_arrangement> arrangement;
  if (!own)
    arrangement.emplace(groups, program);
  program.begin_if(any_rows(input.counts));
  groups.stage(input, own ? *own : arrangement->name(), true);
  program.begin_if(groups.rows().count + " > 0");
  if (arrangement) {
    arrangement->update();
    program.store(root.self, arrangement->rows());
  }
  write_groups(program, root, groups,
               own                   ? "s.ctid = d.__at"
               : root.node.keys == 0 ? "true"
                                     : same_key(program.target(), where));
  count_rows(program, groups);
  program.end_if();
  program.end_if();
}

} // namespace pgtrickle
