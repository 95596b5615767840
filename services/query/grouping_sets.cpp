#include "services/query/grouping_sets.hpp"

#include "services/query/named_rows.hpp"
#include "services/query/parse_tree.hpp"

#include <algorithm>

namespace pgtrickle {

namespace {

using pg_query::Node;
using keys = std::vector<Node>;
using sets = std::vector<keys>;

/// The keys that an item of a grouping set names: `(a, b)` or `a`.
keys keys_of(const Node& item) {
  keys found;
  if (item.has_grouping_set())
    for (const auto& part : item.grouping_set().content())
      std::ranges::copy(keys_of(part), std::back_inserter(found));
  else if (item.has_row_expr()
           && item.row_expr().row_format() == pg_query::COERCE_IMPLICIT_CAST)
    for (const auto& part : item.row_expr().args())
      found.push_back(part);
  else if (item.has_list())
    for (const auto& part : item.list().items())
      found.push_back(part);
  else
    found.push_back(item);
  return found;
}

sets sets_of(const Node& item);

sets cube(const sets& parts) {
  sets all;
  for (std::size_t chosen = (std::size_t{1} << parts.size()); chosen-- > 0;) {
    keys set;
    for (std::size_t i = 0; i < parts.size(); ++i)
      if ((chosen >> (parts.size() - 1 - i) & 1) == 1)
        std::ranges::copy(parts[i], std::back_inserter(set));
    all.push_back(std::move(set));
  }
  return all;
}

sets rollup(const sets& parts) {
  sets all;
  for (auto length = parts.size() + 1; length-- > 0;) {
    keys set;
    for (std::size_t i = 0; i < length; ++i)
      std::ranges::copy(parts[i], std::back_inserter(set));
    all.push_back(std::move(set));
  }
  return all;
}

sets sets_of(const Node& item) {
  if (!item.has_grouping_set())
    return {keys_of(item)};
  const auto& set = item.grouping_set();
  sets parts;
  switch (set.kind()) {
    case pg_query::GROUPING_SET_EMPTY:
      return {{}};
    case pg_query::GROUPING_SET_ROLLUP:
    case pg_query::GROUPING_SET_CUBE:
      for (const auto& part : set.content())
        parts.push_back(keys_of(part));
      return set.kind() == pg_query::GROUPING_SET_CUBE ? cube(parts)
                                                       : rollup(parts);
    case pg_query::GROUPING_SET_SETS:
      for (const auto& part : set.content())
        std::ranges::copy(sets_of(part), std::back_inserter(parts));
      return parts;
    default:
      return {keys_of(item)};
  }
}

bool same_set(const keys& a, const keys& b) {
  const auto within = [](const keys& part, const keys& whole) {
    return std::ranges::all_of(part, [&](const Node& key) {
      return std::ranges::any_of(
        whole, [&](const Node& other) { return same(key, other); });
    });
  };
  return within(a, b) && within(b, a);
}

} // namespace

sets grouping_sets_of(const pg_query::SelectStmt& query) {
  sets all{{}};
  for (const auto& item : query.group_clause()) {
    sets product;
    for (const auto& left : all)
      for (const auto& right : sets_of(item)) {
        product.push_back(left);
        std::ranges::copy(right, std::back_inserter(product.back()));
      }
    all = std::move(product);
  }
  if (!query.group_distinct())
    return all;
  sets different;
  for (auto& set : all)
    if (std::ranges::none_of(
          different, [&](const keys& known) { return same_set(known, set); }))
      different.push_back(std::move(set));
  return different;
}

bool has_grouping_calls(const std::vector<Node>& expressions) {
  return std::ranges::any_of(expressions, [](const Node& expression) {
    return contains<pg_query::GroupingFunc>(expression);
  });
}

std::vector<std::vector<Node>>
take_grouping_calls(std::vector<Node>& expressions, std::size_t first) {
  std::vector<Node> calls;
  for (auto& expression : expressions)
    for_each_node(expression, [&](Node& node) {
      if (!node.has_grouping_func())
        return !node.has_select_stmt();
      const auto known = std::ranges::find_if(
        calls, [&](const Node& call) { return same(call, node); });
      const auto at = static_cast<std::size_t>(known - calls.begin());
      if (known == calls.end())
        calls.push_back(node);
      node = position(first + at);
      return false;
    });
  std::vector<std::vector<Node>> arguments;
  for (const auto& call : calls)
    arguments.emplace_back(call.grouping_func().args().begin(),
                           call.grouping_func().args().end());
  return arguments;
}

} // namespace pgtrickle
