#include "services/query/window_clause.hpp"

#include "services/query/parse_tree.hpp"
#include "services/query/plan_nodes.hpp"
#include "services/query/sql_text.hpp"

#include <algorithm>

namespace pgtrickle {

namespace {

using pg_query::Node;
using pg_query::WindowDef;

const WindowDef* definition(const pg_query::SelectStmt& query,
                            const std::string& name) {
  for (const auto& item : query.window_clause())
    if (item.window_def().name() == name)
      return &item.window_def();
  return nullptr;
}

/// `window` with what it takes over from a named one written out.
WindowDef written_out(WindowDef window, const pg_query::SelectStmt& query) {
  const auto* named = definition(query, window.name());
  if (!window.name().empty() && named != nullptr)
    window = *named;
  window.clear_name();
  if (const auto* base = definition(query, window.refname());
      !window.refname().empty() && base != nullptr) {
    const auto copied = written_out(*base, query);
    *window.mutable_partition_clause() = copied.partition_clause();
    if (window.order_clause_size() == 0)
      *window.mutable_order_clause() = copied.order_clause();
    window.clear_refname();
  }
  return window;
}

Node without_named_windows(Node expression, const pg_query::SelectStmt& query) {
  for_each_node(expression, [&](Node& node) {
    if (node.has_func_call() && node.func_call().has_over()) {
      auto* call = node.mutable_func_call();
      *call->mutable_over() = written_out(call->over(), query);
    }
    return !node.has_select_stmt();
  });
  return expression;
}

/// The number that a constant in ORDER BY stands for: a column of the list.
std::optional<std::size_t> ordinal_of(const Node& sorted) {
  if (!sorted.has_a_const() || !sorted.a_const().has_ival())
    return std::nullopt;
  return static_cast<std::size_t>(sorted.a_const().ival().ival()) - 1;
}

} // namespace

std::size_t sorted_outputs::at(const Node& expression) {
  const auto known = std::ranges::find_if(
    expressions, [&](const auto& e) { return same(e, expression); });
  if (known != expressions.end())
    return static_cast<std::size_t>(known - expressions.begin());
  expressions.push_back(expression);
  return expressions.size() - 1;
}

sorted_outputs::sorted_outputs(const pg_query::SelectStmt& query,
                               const std::vector<Node>& outer) {
  for (const auto& target : query.target_list())
    expressions.push_back(
      without_named_windows(target.res_target().val(), query));
  listed = expressions.size();
  expressions.insert(expressions.end(), outer.begin(), outer.end());
  width = expressions.size();
  // Without LIMIT and DISTINCT ON the order of rows is nobody's business.
  const bool ordered
    = query.has_limit_count() || query.has_limit_offset()
      || (query.distinct_clause_size() > 0
          && query.distinct_clause(0).node_case() != Node::NODE_NOT_SET);
  if (!ordered)
    return;
  const auto column = [&](const Node& expression) {
    const auto ordinal = ordinal_of(expression);
    return ordinal ? *ordinal : at(without_named_windows(expression, query));
  };
  for (const auto& expression : query.distinct_clause())
    if (expression.node_case() != Node::NODE_NOT_SET)
      once.push_back(column(expression));
  for (const auto& item : query.sort_clause()) {
    const auto direction = direction_of(item.sort_by());
    has_unknown_order = has_unknown_order || !direction;
    order.push_back(
      {column(item.sort_by().node()), direction.value_or(std::string{})});
  }
}

std::vector<std::size_t> sorted_outputs::outer() const {
  std::vector<std::size_t> columns;
  for (auto i = listed; i < width; ++i)
    columns.push_back(i);
  return columns;
}

std::optional<std::string> direction_of(const pg_query::SortBy& sort) {
  if (sort.sortby_dir() == pg_query::SORTBY_USING)
    return std::nullopt;
  std::string text = sort.sortby_dir() == pg_query::SORTBY_DESC ? " DESC" : "";
  if (sort.sortby_nulls() == pg_query::SORTBY_NULLS_FIRST)
    text += " NULLS FIRST";
  if (sort.sortby_nulls() == pg_query::SORTBY_NULLS_LAST)
    text += " NULLS LAST";
  return text;
}

std::vector<std::string>
order_over_input(const std::vector<order_item>& order) {
  std::vector<std::string> items;
  for (const auto& item : order)
    items.push_back("i." + column_name(item.column) + item.direction);
  return items;
}

} // namespace pgtrickle
