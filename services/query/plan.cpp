#include "services/query/plan.hpp"

#include <algorithm>

namespace pgtrickle {

std::vector<plan_ptr> inputs_of(const plan& plan) {
  return std::visit(
    [](const auto& x) -> std::vector<plan_ptr> {
      if constexpr (requires { x.left; })
        return {x.left, x.right};
      else if constexpr (requires { x.inputs; })
        return x.inputs;
      else if constexpr (requires { x.step; })
        return {x.base, x.step};
      else if constexpr (requires { x.input; })
        return {x.input};
      else
        return {};
    },
    plan.node);
}

std::set<oid> tables_of(const plan& plan) {
  std::set<oid> tables;
  if (const auto* leaf = std::get_if<scan>(&plan.node))
    tables.insert(leaf->table);
  if (const auto* leaf = std::get_if<opaque>(&plan.node))
    tables = leaf->tables;
  for (const auto& input : inputs_of(plan))
    tables.merge(tables_of(*input));
  return tables;
}

std::map<oid, scan> scans_of(const plan& plan) {
  std::map<oid, scan> scans;
  if (const auto* leaf = std::get_if<scan>(&plan.node))
    scans.emplace(leaf->table, *leaf);
  for (const auto& input : inputs_of(plan))
    scans.merge(scans_of(*input));
  return scans;
}

std::vector<std::string> opaque_reasons(const plan& plan) {
  std::vector<std::string> reasons;
  if (const auto* leaf = std::get_if<opaque>(&plan.node);
      leaf != nullptr && !leaf->tables.empty())
    reasons.push_back(leaf->reason);
  for (const auto& input : inputs_of(plan))
    std::ranges::copy(opaque_reasons(*input), std::back_inserter(reasons));
  return reasons;
}

} // namespace pgtrickle
