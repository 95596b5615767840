// GROUP BY, HAVING, grouping sets.

#include "services/query/correlation.hpp"
#include "services/query/grouping_sets.hpp"
#include "services/query/parse_tree.hpp"
#include "services/query/planner.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle {

namespace {

/// The columns of `rows` that subqueries in `expression` read: they are keys,
/// or depend on them.
std::vector<pg_query::Node>
subquery_references(const pg_query::Node& expression, const named_rows& rows) {
  std::vector<pg_query::Node> found;
  for_each_message(expression, [&](const auto& message) {
    const auto* link = dynamic_cast<const pg_query::SubLink*>(&message);
    if (link != nullptr)
      std::ranges::copy(outer_references(link->subselect(), rows),
                        std::back_inserter(found));
    return link == nullptr;
  });
  return found;
}

} // namespace

plan_ptr planner::grouping_input(const named_rows& rows,
                                 const grouping& group) {
  nodes inputs;
  for (const auto& expression : group.inputs()) {
    auto resolved = rows.resolved(expression);
    if (!resolved)
      throw uncovered{"a reference that is not a plain column"};
    inputs.push_back(std::move(*resolved));
  }
  auto input = inputs.empty() ? make_plan(project{rows.rows, {}}, {})
                              : projection(rows.rows, inputs);
  for (std::size_t i = 0; i < group.keys(); ++i)
    if (input->columns[i].eq == equality::none)
      throw uncovered{"GROUP BY over type " + input->columns[i].type};
  return input;
}

plan_ptr planner::aggregated(plan_ptr input, std::size_t keys,
                             std::vector<aggregate_call> calls) {
  aggregate node{std::move(input), keys, std::move(calls)};
  std::vector<column> columns;
  if (node.keys + node.calls.size() > 0)
    columns = described(plan{node, {}});
  for (std::size_t i = 0; i < node.keys; ++i)
    columns[i] = node.input->columns[i];
  for (std::size_t i = 0; i < node.calls.size(); ++i)
    columns[node.keys + i].not_null
      = node.calls[i].kind == aggregate_kind::count;
  return make_plan(std::move(node), std::move(columns), first_positions(keys));
}

/// Subqueries that the aggregates or the keys read are evaluated below them.
void planner::attach_below(named_rows& rows, nodes& keys, nodes& expressions) {
  std::vector<std::pair<node, node>> replaced;
  for (auto& key : keys)
    if (has_subquery(key)) {
      const auto before = key;
      key = attached(rows, key);
      replaced.emplace_back(before, key);
    }
  for (auto& expression : expressions)
    for_each_node(expression, [&](node& part) {
      for (const auto& [before, after] : replaced)
        if (same(part, before)) {
          part = after;
          return false;
        }
      if (is_aggregate_call(part, names_)) {
        if (has_subquery(part))
          part = attached(rows, part);
        return false;
      }
      return !part.has_select_stmt();
    });
}

plan_ptr planner::grouped(const select_stmt& query, const domain* outer,
                          named_rows rows, nodes& expressions) {
  auto sets = grouping_sets_of(query);
  nodes keys = outer == nullptr ? nodes{} : outer->references;
  for (const auto& set : sets)
    for (const auto& key : set)
      keys.push_back(key);
  auto all = expressions;
  if (has_subquery(query.having_clause()))
    std::ranges::copy(conjuncts(query.having_clause()),
                      std::back_inserter(all));
  else if (query.has_having_clause())
    all.push_back(query.having_clause());
  attach_below(rows, keys, all);
  grouping group{names_};
  for (const auto& key : keys)
    group.add_key(key);
  for (const auto& expression : all) {
    for (const auto& reference : subquery_references(expression, rows))
      group.collect(reference);
    group.collect(expression);
  }
  named_rows groups;
  if (sets.size() == 1 && !has_grouping_calls(all)) {
    const auto input = grouping_input(rows, group);
    groups.rows = aggregated(input, group.keys(), group.calls(input->columns));
  } else {
    groups.rows = union_of_sets(rows, group, sets, outer, all);
  }
  for (std::size_t i = 0; i < group.keys(); ++i)
    if (const auto& key = group.key_expressions()[i];
        key.has_column_ref() && !position_of(key)) {
      const auto& fields = key.column_ref().fields();
      groups.names.push_back(
        {fields.size() > 1 ? fields[0].string().sval() : "",
         {{fields[fields.size() - 1].string().sval(), i}}});
    }
  for (auto& expression : all)
    expression = group.output(expression);
  if (outer != nullptr && query.group_clause_size() == 0)
    groups.rows = padded(*outer, groups.rows, group, all);
  for (std::size_t i = expressions.size(); i < all.size(); ++i)
    groups = restricted(std::move(groups), all[i]);
  for (std::size_t i = 0; i < expressions.size(); ++i)
    expressions[i] = attached(groups, all[i]);
  return groups.rows;
}

/// An aggregate without GROUP BY has a row for no rows too: here, for each row
/// of the domain.
plan_ptr planner::padded(const domain& outer, plan_ptr groups,
                         const grouping& group, nodes& expressions) {
  const auto width = outer.references.size();
  std::vector<std::pair<std::size_t, std::size_t>> same;
  for (std::size_t i = 0; i < width; ++i)
    same.emplace_back(i, i);
  auto rows
    = join_on_same(outer.rows.rows, std::move(groups), join_kind::left, same);
  for (auto& expression : expressions)
    for_each_node(expression, [&](node& part) {
      const auto at = position_of(part);
      if (at && *at >= width)
        part = group_value(group, *at, width);
      return !at;
    });
  return rows;
}

/// The column of `group`'s output at `index`, `distance` further on in rows
/// that are padded with nulls.
planner::node planner::group_value(const grouping& group, std::size_t index,
                                   std::size_t distance) {
  const bool counts
    = index >= group.keys() && group.counts(index - group.keys());
  auto value = position(index + distance);
  return counts ? filled("COALESCE($1, 0)", {value}) : value;
}

} // namespace pgtrickle
