// The values of subqueries, joined to the rows around them.

#include "services/query/correlation.hpp"
#include "services/query/parse_tree.hpp"
#include "services/query/planner.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle {

namespace {

using pg_query::Node;

/// A part of `rows` whose rows hold each value of the columns at `columns` of
/// `rows` once, these being its columns: nothing if there is none, or if it is
/// no selection.
plan_ptr selected_by_key(const plan_ptr& rows,
                         std::vector<std::size_t> columns) {
  if (!rows->key.empty() && std::ranges::all_of(rows->key, [&](auto k) {
        return std::ranges::find(columns, k) != columns.end();
      }))
    return selects(*rows) ? columns_at(rows, columns) : nullptr;
  if (const auto* x = std::get_if<filter>(&rows->node))
    return selected_by_key(x->input, columns);
  if (const auto* x = std::get_if<semi_join>(&rows->node))
    return selected_by_key(x->left, columns);
  if (const auto* x = std::get_if<inner_join>(&rows->node)) {
    const auto width = x->left->columns.size();
    if (std::ranges::all_of(columns, [&](auto at) { return at < width; }))
      return selected_by_key(x->left, columns);
    if (!std::ranges::all_of(columns, [&](auto at) { return at >= width; }))
      return nullptr;
    for (auto& at : columns)
      at -= width;
    return selected_by_key(x->right, columns);
  }
  if (const auto* x = std::get_if<project>(&rows->node)) {
    for (auto& at : columns) {
      const auto names = column_references("i", x->input->columns.size());
      const auto from = std::ranges::find(names, x->outputs[at]);
      if (from == names.end())
        return nullptr;
      at = static_cast<std::size_t>(from - names.begin());
    }
    return selected_by_key(x->input, columns);
  }
  return nullptr;
}

/// Keys at the front of a subquery's rows, and the outer columns that hold the
/// same.
column_pairs pairs_of(const std::vector<std::size_t>& outer) {
  column_pairs pairs;
  for (std::size_t i = 0; i < outer.size(); ++i)
    pairs.emplace_back(outer[i], i);
  return pairs;
}

} // namespace

planner::node planner::scalar(named_rows& rows, const select_stmt& query) {
  if (width_of(query) != 1)
    throw uncovered{"a comparison of rows with a subquery"};
  if (is_one_group(query, names_))
    return aggregated_value(rows, query);
  if (is_row_by_row(query, names_))
    if (auto value = looked_up(rows, query))
      return *value;
  return only_value(rows, query);
}

/// How a subquery's rows are found from the outer ones: by equalities, or, if
/// it is not tied by them alone, by its domain. Where the outer rows come of a
/// selection, those that none of them asks for may be left out: whoever
/// remembers something of the rows then does so for few.
planner::correlated planner::correlate(const named_rows& rows,
                                       const select_stmt& query,
                                       inner_rows_wanted wanted) {
  correlated result;
  const auto references = outer_references(query, rows);
  auto tied = untied(query, rows);
  bool equalities = tied.has_value();
  if (tied)
    for (const auto& tie : tied->ties) {
      const auto equality = equality_of(tie, rows);
      const auto outer
        = equality ? rows.resolved(equality->outer) : std::nullopt;
      equalities = equalities && outer.has_value();
      if (!outer)
        break;
      result.keys.push_back(equality->inner);
      result.outer.push_back(*outer);
      result.ties.push_back(tie);
    }
  if (equalities) {
    auto asking = named_domain(rows, references);
    if (wanted == inner_rows_wanted::asked_for
        && std::ranges::all_of(result.outer, [](const auto& outer) {
             return position_of(outer).has_value();
           }))
      asking.rows.rows = selected_by_key(rows.rows, asking.outer);
    result.inner = asking.rows.rows
                     ? from_and_where(query, &asking, tied->ties)
                     : from_and_where(tied->inner, nullptr, tied->ties);
    return result;
  }
  result = {};
  result.domain = domain_of(rows, references);
  result.keys = references;
  result.inner = from_and_where(query, &*result.domain);
  return result;
}

/// Joins `values`, whose first columns are the keys, to the rows.
void planner::join_values(named_rows& rows, const correlated& by,
                          plan_ptr values, join_kind kind) {
  const auto width = rows.rows->columns.size();
  if (by.domain) {
    rows.rows = join_on_same(rows.rows, std::move(values), kind,
                             pairs_of(by.domain->outer));
    return;
  }
  nodes conditions;
  for (std::size_t i = 0; i < by.ties.size(); ++i) {
    auto condition = by.ties[i];
    auto& tie = *condition.mutable_a_expr();
    const bool inner_first = same(tie.lexpr(), by.keys[i]);
    *(inner_first ? tie.mutable_lexpr() : tie.mutable_rexpr())
      = position(width + i);
    *(inner_first ? tie.mutable_rexpr() : tie.mutable_lexpr()) = by.outer[i];
    conditions.push_back(std::move(condition));
  }
  rows.rows = join_of(rows.rows, std::move(values), kind, conditions);
}

/// SELECT of aggregates without GROUP BY: a group for each set of outer values.
planner::node planner::aggregated_value(named_rows& rows,
                                        const select_stmt& query) {
  const auto by = correlate(rows, query, inner_rows_wanted::asked_for);
  auto inner = by.inner;
  nodes target{query.target_list(0).res_target().val()};
  nodes keys = by.keys;
  attach_below(inner, keys, target);
  if (has_subquery(target[0]))
    throw uncovered{"a subquery beside the aggregates of a subquery"};
  // Two keys may be the same expression; the ties count on one column each.
  grouping group{names_};
  for (const auto& key : keys)
    group.add_key(key);
  const auto distinct_keys = group.keys();
  if (distinct_keys != keys.size())
    throw uncovered{"a subquery that is tied twice by one expression"};
  group.collect(target[0]);
  if (group.keys() != distinct_keys)
    throw uncovered{"a subquery whose value is not of aggregates alone"};
  const auto input = grouping_input(inner, group);
  const auto width = rows.rows->columns.size();
  join_values(rows, by,
              aggregated(input, group.keys(), group.calls(input->columns)),
              keys.empty() ? join_kind::inner : join_kind::left);
  auto value = group.output(target[0]);
  for_each_node(value, [&](node& part) {
    const auto at = position_of(part);
    if (at && *at < keys.size() && by.domain)
      part = position(by.domain->outer[*at]);
    else if (at)
      part
        = keys.empty() ? position(width + *at) : group_value(group, *at, width);
    return !at;
  });
  return value;
}

/// A subquery that is tied to the outer rows by a key has one row at most:
/// there is nothing to remember.
std::optional<planner::node> planner::looked_up(named_rows& rows,
                                                const select_stmt& query) {
  const auto tied = untied(query, rows);
  if (!tied || tied->ties.empty())
    return std::nullopt;
  const auto by = correlate(rows, query, inner_rows_wanted::all);
  if (by.domain)
    return std::nullopt;
  auto inner = by.inner;
  nodes outputs;
  std::vector<std::size_t> keys;
  for (const auto& key : by.keys) {
    auto resolved = inner.resolved(key);
    if (!resolved)
      return std::nullopt;
    if (const auto at = position_of(*resolved))
      keys.push_back(*at);
    outputs.push_back(std::move(*resolved));
  }
  const auto& key = inner.rows->key;
  if (key.empty() || !std::ranges::all_of(key, [&](auto k) {
        return std::ranges::find(keys, k) != keys.end();
      }))
    return std::nullopt;
  outputs.push_back(attached(inner, query.target_list(0).res_target().val()));
  const auto width = rows.rows->columns.size();
  join_values(rows, by, projection(inner.rows, outputs), join_kind::left);
  return position(width + by.keys.size());
}

/// Any other subquery: its rows are collected, and more than one is an error
/// for the outer row that asks for its value.
planner::node planner::only_value(named_rows& rows, const select_stmt& query) {
  const auto references = outer_references(query, rows);
  correlated by;
  plan_ptr values;
  if (references.empty()) {
    values = build(query);
  } else {
    by.domain = domain_of(rows, references);
    values = level(query, &*by.domain);
  }
  if (values->columns[0].type.ends_with("[]"))
    throw uncovered{"a subquery whose value is an array"};
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < references.size(); ++i)
    order.push_back(1 + i);
  order.push_back(0);
  values = columns_at(std::move(values), order);
  const auto at = references.size();
  auto groups
    = aggregated(std::move(values), at,
                 {{.sql = fmt::format("array_agg(i.{})", column_name(at))}});
  const auto width = rows.rows->columns.size();
  join_values(rows, by, std::move(groups),
              references.empty() ? join_kind::inner : join_kind::left);
  return filled("pgtrickle._only_value($1)", {position(width + at)});
}

} // namespace pgtrickle
