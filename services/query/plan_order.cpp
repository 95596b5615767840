// Windows, DISTINCT ON, LIMIT.

#include "services/query/parse_tree.hpp"
#include "services/query/planner.hpp"
#include "services/query/sql_text.hpp"
#include "services/query/window_clause.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle {

namespace {

using pg_query::Node;

std::optional<std::uint64_t> constant_of(const Node& value) {
  if (value.has_type_cast())
    return constant_of(value.type_cast().arg());
  if (!value.has_a_const())
    return std::nullopt;
  const auto& constant = value.a_const();
  if (constant.has_ival() && constant.ival().ival() >= 0)
    return static_cast<std::uint64_t>(constant.ival().ival());
  const auto& digits
    = constant.has_sval() ? constant.sval().sval() : constant.fval().fval();
  if (digits.empty() || digits.size() > 18
      || digits.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  return std::stoull(digits);
}

bool is_null(const Node& value) {
  return value.has_type_cast()
           ? is_null(value.type_cast().arg())
           : value.has_a_const() && value.a_const().isnull();
}

/// A bound of LIMIT; nothing if there is none.
std::optional<std::uint64_t> bound_of(const Node& value) {
  if (value.node_case() == Node::NODE_NOT_SET || is_null(value))
    return std::nullopt;
  const auto constant = constant_of(value);
  if (!constant)
    throw uncovered{"LIMIT by an expression"};
  return constant;
}

/// The different window calls in `expressions`.
std::vector<Node> window_calls_in(const std::vector<Node>& expressions) {
  std::vector<Node> calls;
  for (const auto& expression : expressions)
    for_each_message(expression, [&](const auto& message) {
      const auto* node = dynamic_cast<const Node*>(&message);
      const bool is_call = node != nullptr && node->has_func_call()
                           && node->func_call().has_over();
      if (is_call && std::ranges::none_of(calls, [&](const Node& call) {
            return same(call, *node);
          }))
        calls.push_back(*node);
      return !is_call;
    });
  return calls;
}

std::size_t index_of(const std::vector<Node>& all, const Node& sought) {
  return static_cast<std::size_t>(
    std::ranges::find_if(all, [&](const Node& n) { return same(n, sought); })
    - all.begin());
}

std::string partition_by(const std::vector<std::size_t>& columns) {
  std::vector<std::string> parts;
  for (auto at : columns)
    parts.push_back("i." + column_name(at));
  return parts.empty() ? "" : "PARTITION BY " + joined(parts);
}

} // namespace

plan_ptr planner::windows(plan_ptr rows, const std::vector<std::size_t>& outer,
                          nodes& expressions) {
  const auto calls = window_calls_in(expressions);
  if (calls.empty())
    return rows;
  auto partitioned = calls;
  nodes computed;
  for (auto& call : partitioned) {
    auto& window = *call.mutable_func_call()->mutable_over();
    for (auto at : outer)
      *window.add_partition_clause() = expressions[at];
    for (const auto& expression : window.partition_clause())
      if (!position_of(expression)
          && index_of(computed, expression) == computed.size())
        computed.push_back(expression);
  }
  const auto width = rows->columns.size();
  if (!computed.empty()) {
    nodes all;
    for (auto at : first_positions(width))
      all.push_back(position(at));
    all.insert(all.end(), computed.begin(), computed.end());
    rows = projection(std::move(rows), all);
  }
  // Calls that share a partition share an operator.
  std::map<std::vector<std::size_t>, std::vector<std::size_t>> by_partition;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    std::vector<std::size_t> partition;
    for (const auto& expression :
         partitioned[i].func_call().over().partition_clause())
      partition.push_back(position_of(expression)
                            .value_or(width + index_of(computed, expression)));
    by_partition[partition].push_back(i);
  }
  std::vector<std::size_t> columns(calls.size());
  for (const auto& [partition, members] : by_partition) {
    std::vector<std::string> texts;
    for (auto i : members) {
      columns[i] = rows->columns.size() + texts.size();
      texts.push_back(over_input(partitioned[i]));
    }
    rows = window_over(std::move(rows), partition, std::move(texts));
  }
  for (auto& expression : expressions)
    for_each_node(expression, [&](node& part) {
      const auto at = index_of(calls, part);
      if (at < calls.size())
        part = position(columns[at]);
      return at == calls.size();
    });
  return rows;
}

plan_ptr planner::window_over(plan_ptr rows, std::vector<std::size_t> partition,
                              std::vector<std::string> calls) {
  auto columns = rows->columns;
  auto key = rows->key;
  for (auto at : partition)
    if (columns[at].eq == equality::none)
      throw uncovered{"PARTITION BY over type " + columns[at].type};
  window node{std::move(rows), std::move(partition), std::move(calls)};
  const auto all = described(plan{node, {}});
  columns.insert(columns.end(), all.begin() + static_cast<long>(columns.size()),
                 all.end());
  return make_plan(std::move(node), std::move(columns), std::move(key));
}

/// The rows with the values of `functions` over the partitions, in order.
plan_ptr planner::numbered(plan_ptr rows,
                           const std::vector<std::size_t>& partition,
                           const std::vector<order_item>& order,
                           const std::vector<std::string>& functions) {
  const auto sorted = joined(order_over_input(order));
  std::vector<std::string> calls;
  for (const auto& function : functions)
    calls.push_back(fmt::format("{} OVER ({}{}{})", function,
                                partition_by(partition),
                                sorted.empty() ? "" : " ORDER BY ", sorted));
  return window_over(std::move(rows), partition, std::move(calls));
}

/// DISTINCT ON: the first row of each group of the same values.
plan_ptr planner::first_of_each(plan_ptr rows, const sorted_outputs& outputs) {
  if (outputs.has_unknown_order)
    throw uncovered{"ORDER BY USING"};
  const auto width = rows->columns.size();
  auto partition = outputs.once;
  for (auto at : outputs.outer())
    partition.push_back(at);
  rows = numbered(std::move(rows), partition, outputs.order, {"row_number()"});
  rows = columns_at(
    filter_of(std::move(rows), fmt::format("i.{} = 1", column_name(width))),
    first_positions(width));
  return make_plan(rows->node, rows->columns, std::move(partition));
}

plan_ptr planner::limited(const select_stmt& query, plan_ptr rows,
                          const sorted_outputs& outputs) {
  const auto count = bound_of(query.limit_count());
  const auto offset = bound_of(query.limit_offset()).value_or(0);
  if (!count && offset == 0)
    return rows;
  if (outputs.has_unknown_order)
    throw uncovered{"ORDER BY USING"};
  const auto outer = outputs.outer();
  const bool ties = query.limit_option() == pg_query::LIMIT_OPTION_WITH_TIES;
  if (outer.empty() && count && !ties) {
    auto columns = rows->columns;
    auto key = rows->key;
    return make_plan(top_rows{std::move(rows), order_over_input(outputs.order),
                              *count, offset},
                     std::move(columns), std::move(key));
  }
  const auto width = rows->columns.size();
  const auto number = "i." + column_name(width);
  const auto rank = "i." + column_name(width + 1);
  rows = numbered(std::move(rows), outer, outputs.order,
                  {"row_number()", "rank()"});
  std::vector<std::string> conditions{fmt::format("{} > {}", number, offset)};
  if (count)
    conditions.push_back(
      fmt::format("{} <= {}", ties ? rank : number, offset + *count));
  return columns_at(filter_of(std::move(rows), joined(conditions, " AND ")),
                    first_positions(width));
}

} // namespace pgtrickle
