#include "services/query/plan_nodes.hpp"

#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace pgtrickle {

namespace {

std::string condition_of(const std::vector<pg_query::Node>& conditions,
                         std::size_t width) {
  std::vector<std::string> parts;
  for (const auto& condition : conditions)
    parts.push_back("(" + over_pair(condition, width) + ")");
  return parts.empty() ? "true" : joined(parts, " AND ");
}

bool covers(const std::vector<std::size_t>& columns,
            const std::vector<std::size_t>& key) {
  return !key.empty() && std::ranges::all_of(key, [&](std::size_t k) {
    return std::ranges::find(columns, k) != columns.end();
  });
}

/// A row that finds at most one partner keeps its own key.
std::vector<std::size_t> key_of(const plan& left, const plan& right,
                                join_kind kind, const column_pairs& pairs) {
  std::vector<std::size_t> lefts;
  std::vector<std::size_t> rights;
  for (const auto& [l, r] : pairs) {
    lefts.push_back(l);
    rights.push_back(r);
  }
  const auto width = left.columns.size();
  auto shifted = right.key;
  for (auto& k : shifted)
    k += width;
  const bool pads_right = kind == join_kind::left || kind == join_kind::full;
  const bool pads_left = kind == join_kind::right || kind == join_kind::full;
  if (covers(rights, right.key) && !pads_left)
    return left.key;
  if (covers(lefts, left.key) && !pads_right)
    return shifted;
  if (left.key.empty() || right.key.empty())
    return {};
  auto key = left.key;
  key.insert(key.end(), shifted.begin(), shifted.end());
  return key;
}

} // namespace

bool is_equality(const pg_query::Node& condition) {
  return condition.has_a_expr()
         && condition.a_expr().kind() == pg_query::AEXPR_OP
         && condition.a_expr().name_size() == 1
         && condition.a_expr().name(0).string().sval() == "=";
}

column_pairs equated(const std::vector<pg_query::Node>& conditions,
                     std::size_t width) {
  column_pairs pairs;
  for (const auto& condition : conditions) {
    if (!is_equality(condition))
      continue;
    auto l = position_of(condition.a_expr().lexpr());
    auto r = position_of(condition.a_expr().rexpr());
    if (!l || !r)
      continue;
    if (*l > *r)
      std::swap(l, r);
    if (*l < width && *r >= width)
      pairs.emplace_back(*l, *r - width);
  }
  return pairs;
}

plan_ptr make_plan(operation node, std::vector<column> columns,
                   std::vector<std::size_t> key) {
  return std::make_shared<const plan>(
    plan{std::move(node), std::move(columns), std::move(key)});
}

plan_ptr filter_of(plan_ptr input, std::string predicate, double share,
                   bool harmless) {
  auto columns = input->columns;
  auto key = input->key;
  return make_plan(
    filter{std::move(input), std::move(predicate), share, harmless},
    std::move(columns), std::move(key));
}

plan_ptr join_with(plan_ptr left, plan_ptr right, join_kind kind,
                   std::string condition, std::vector<std::size_t> key,
                   column_pairs equal) {
  auto columns = left->columns;
  const auto width = columns.size();
  columns.insert(columns.end(), right->columns.begin(), right->columns.end());
  const bool keeps_left = kind == join_kind::left || kind == join_kind::full;
  const bool keeps_right = kind == join_kind::right || kind == join_kind::full;
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (i < width ? keeps_right : keeps_left)
      columns[i].not_null = false;
  if (kind == join_kind::inner)
    return make_plan(
      inner_join{std::move(left), std::move(right), std::move(condition)},
      std::move(columns), std::move(key));
  return make_plan(outer_join{std::move(left), std::move(right),
                              std::move(condition), keeps_left, keeps_right,
                              std::move(equal)},
                   std::move(columns), std::move(key));
}

plan_ptr join_of(plan_ptr left, plan_ptr right, join_kind kind,
                 const std::vector<pg_query::Node>& conditions) {
  const auto width = left->columns.size();
  auto equal = equated(conditions, width);
  auto key = key_of(*left, *right, kind, equal);
  return join_with(std::move(left), std::move(right), kind,
                   condition_of(conditions, width), std::move(key),
                   std::move(equal));
}

std::string same_values(const plan& left, const plan& right,
                        const column_pairs& pairs) {
  std::vector<std::string> parts;
  std::vector<std::string> lefts;
  std::vector<std::string> rights;
  for (const auto& [l, r] : pairs) {
    const auto a = "l." + column_name(l);
    const auto b = "r." + column_name(r);
    if (left.columns[l].not_null && right.columns[r].not_null) {
      parts.push_back(a + " = " + b);
      continue;
    }
    parts.push_back(a + " IS NOT DISTINCT FROM " + b);
    lefts.push_back(a);
    rights.push_back(b);
  }
  // PostgreSQL neither hashes nor sorts by IS NOT DISTINCT FROM.
  if (!lefts.empty())
    parts.insert(parts.begin(),
                 fmt::format("pg_catalog.hash_record_extended(ROW({}), 0) = "
                             "pg_catalog.hash_record_extended(ROW({}), 0)",
                             joined(lefts), joined(rights)));
  return parts.empty() ? "true" : joined(parts, " AND ");
}

bool selects(const plan& plan) {
  if (std::holds_alternative<filter>(plan.node)
      || std::holds_alternative<semi_join>(plan.node))
    return true;
  return std::ranges::any_of(inputs_of(plan),
                             [](const auto& input) { return selects(*input); });
}

plan_size size_of(const plan& plan) {
  if (const auto* leaf = std::get_if<scan>(&plan.node))
    return {leaf->rows, 1};
  plan_size size;
  for (const auto& input : inputs_of(plan)) {
    const auto own = size_of(*input);
    size.rows = std::max(size.rows, own.rows);
    size.share *= own.share;
  }
  if (const auto* selection = std::get_if<filter>(&plan.node))
    size.share *= selection->share;
  return size;
}

bool finds_one(const plan& right, const column_pairs& equal) {
  std::vector<std::size_t> columns;
  for (const auto& pair : equal)
    columns.push_back(pair.second);
  return covers(columns, right.key);
}

column_pairs never_null(const plan& left, const plan& right,
                        const column_pairs& pairs) {
  auto result = pairs;
  std::erase_if(result, [&](const auto& pair) {
    return !left.columns[pair.first].not_null
           || !right.columns[pair.second].not_null;
  });
  return result;
}

plan_ptr join_on_same(plan_ptr left, plan_ptr right, join_kind kind,
                      const column_pairs& pairs) {
  auto condition = same_values(*left, *right, pairs);
  auto equal = never_null(*left, *right, pairs);
  auto key = key_of(*left, *right, kind, pairs);
  return join_with(std::move(left), std::move(right), kind,
                   std::move(condition), std::move(key), std::move(equal));
}

std::vector<std::size_t>
carried_key(const std::vector<std::size_t>& key,
            const std::map<std::size_t, std::size_t>& carried) {
  std::vector<std::size_t> positions;
  for (auto k : key) {
    const auto at = carried.find(k);
    if (at == carried.end())
      return {};
    positions.push_back(at->second);
  }
  return positions;
}

plan_ptr columns_at(plan_ptr input, const std::vector<std::size_t>& positions) {
  std::vector<std::string> outputs;
  std::vector<column> columns;
  std::map<std::size_t, std::size_t> carried;
  for (auto at : positions) {
    carried.emplace(at, outputs.size());
    outputs.push_back("i." + column_name(at));
    columns.push_back(input->columns[at]);
  }
  auto key = carried_key(input->key, carried);
  return make_plan(project{std::move(input), std::move(outputs)},
                   std::move(columns), std::move(key));
}

std::vector<std::size_t> first_positions(std::size_t count) {
  std::vector<std::size_t> positions(count);
  std::iota(positions.begin(), positions.end(), 0);
  return positions;
}

} // namespace pgtrickle
