#include "services/dependency/graph.hpp"

#include <algorithm>

namespace pgtrickle {

namespace {

const std::set<oid>& neighbours(const std::map<oid, std::set<oid>>& edges,
                                oid relation) {
  static const std::set<oid> none;
  const auto found = edges.find(relation);
  return found == edges.end() ? none : found->second;
}

/// All that can be reached from `relation`, in the order of discovery, with
/// the relation from which each was reached.
std::map<oid, oid> reachable(const std::map<oid, std::set<oid>>& edges,
                             oid relation) {
  std::map<oid, oid> reached_from;
  std::vector<oid> open{relation};
  while (!open.empty()) {
    const auto current = open.back();
    open.pop_back();
    for (const auto next : neighbours(edges, current))
      if (reached_from.emplace(next, current).second)
        open.push_back(next);
  }
  return reached_from;
}

std::set<oid> reached(const std::map<oid, std::set<oid>>& edges, oid relation) {
  std::set<oid> relations;
  for (const auto& [next, from] : reachable(edges, relation))
    relations.insert(next);
  relations.erase(relation);
  return relations;
}

} // namespace

void dependency_graph::set_sources(oid relation,
                                   const std::vector<oid>& sources) {
  remove(relation);
  for (const auto source : sources)
    dependants_[source].insert(relation);
  sources_[relation] = {sources.begin(), sources.end()};
}

void dependency_graph::remove(oid relation) {
  for (const auto source : sources_of(relation)) {
    const auto found = dependants_.find(source);
    found->second.erase(relation);
    if (found->second.empty())
      dependants_.erase(found);
  }
  sources_.erase(relation);
}

const std::set<oid>& dependency_graph::sources_of(oid relation) const {
  return neighbours(sources_, relation);
}

const std::set<oid>& dependency_graph::dependants_of(oid relation) const {
  return neighbours(dependants_, relation);
}

std::set<oid> dependency_graph::ancestors(oid relation) const {
  return reached(sources_, relation);
}

std::set<oid> dependency_graph::descendants(oid relation) const {
  return reached(dependants_, relation);
}

std::vector<oid> dependency_graph::topological_order() const {
  std::set<oid> seen;
  std::vector<oid> order;
  for (const auto& [relation, sources] : sources_)
    visit(relation, seen, order);
  return order;
}

std::vector<oid>
dependency_graph::in_order(const std::set<oid>& members) const {
  std::set<oid> seen;
  std::vector<oid> order;
  for (const auto member : members)
    visit(member, seen, order);
  std::erase_if(order,
                [&](oid relation) { return !members.contains(relation); });
  return order;
}

void dependency_graph::visit(oid relation, std::set<oid>& seen,
                             std::vector<oid>& order) const {
  if (!seen.insert(relation).second)
    return;
  for (const auto source : sources_of(relation))
    visit(source, seen, order);
  order.push_back(relation);
}

std::vector<std::vector<oid>>
dependency_graph::connected_batches(const std::set<oid>& members) const {
  std::map<oid, std::set<oid>> related;
  for (const auto member : members)
    for (const auto descendant : descendants(member))
      if (members.contains(descendant)) {
        related[member].insert(descendant);
        related[descendant].insert(member);
      }
  std::vector<std::vector<oid>> batches;
  std::set<oid> placed;
  for (const auto member : members) {
    if (placed.contains(member))
      continue;
    auto batch = reached(related, member);
    batch.insert(member);
    placed.insert(batch.begin(), batch.end());
    batches.push_back(in_order(batch));
  }
  return batches;
}

std::optional<std::vector<oid>>
dependency_graph::cycle_if(oid relation, std::span<const oid> sources) const {
  auto proposed = sources_;
  proposed[relation] = {sources.begin(), sources.end()};
  const auto reached_from = reachable(proposed, relation);
  if (!reached_from.contains(relation))
    return std::nullopt;
  std::vector<oid> path{relation};
  do
    path.push_back(reached_from.at(path.back()));
  while (path.back() != relation);
  std::reverse(path.begin(), path.end());
  return path;
}

std::string path_text(std::span<const oid> path,
                      const std::function<std::string(oid)>& name_of) {
  std::string text;
  for (const auto relation : path)
    text += (text.empty() ? "" : " -> ") + name_of(relation);
  return text;
}

} // namespace pgtrickle
