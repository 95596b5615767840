#include "services/query/alternatives.hpp"

#include "services/query/correlation.hpp"
#include "services/query/parse_tree.hpp"

#include <algorithm>

namespace pgtrickle {

namespace {

using pg_query::Node;
using nodes = std::vector<Node>;

Node all_of(const nodes& parts, pg_query::BoolExprType type) {
  if (parts.size() == 1)
    return parts.front();
  Node whole;
  whole.mutable_bool_expr()->set_boolop(type);
  for (const auto& part : parts)
    *whole.mutable_bool_expr()->add_args() = part;
  return whole;
}

/// The alternatives of an OR, each as the conditions that it consists of.
std::vector<nodes> alternatives(const Node& condition) {
  std::vector<nodes> all;
  if (condition.has_bool_expr()
      && condition.bool_expr().boolop() == pg_query::OR_EXPR)
    for (const auto& part : condition.bool_expr().args())
      all.push_back(conjuncts(part));
  return all;
}

Node any_of(const std::vector<nodes>& alternatives) {
  nodes arms;
  for (const auto& parts : alternatives)
    arms.push_back(all_of(parts, pg_query::AND_EXPR));
  return all_of(arms, pg_query::OR_EXPR);
}

bool has(const nodes& parts, const Node& wanted) {
  return std::ranges::any_of(
    parts, [&](const auto& part) { return same(part, wanted); });
}

} // namespace

std::optional<nodes> factored(const Node& condition) {
  auto arms = alternatives(condition);
  if (arms.empty())
    return std::nullopt;
  nodes common;
  for (const auto& part : arms.front())
    if (!has(common, part) && std::ranges::all_of(arms, [&](const auto& arm) {
          return has(arm, part);
        }))
      common.push_back(part);
  if (common.empty())
    return std::nullopt;
  bool rest = true;
  for (auto& arm : arms) {
    std::erase_if(arm, [&](const auto& part) { return has(common, part); });
    rest = rest && !arm.empty();
  }
  if (rest)
    common.push_back(any_of(arms));
  return common;
}

std::optional<Node> implied(const Node& condition,
                            const std::function<bool(const Node&)>& wanted) {
  auto arms = alternatives(condition);
  for (auto& arm : arms) {
    std::erase_if(arm, [&](const auto& part) { return !wanted(part); });
    if (arm.empty())
      return std::nullopt;
  }
  if (arms.empty())
    return std::nullopt;
  return any_of(arms);
}

} // namespace pgtrickle
