#pragma once

#include "services/core/ids.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace pgtrickle {

/// Which relation reads which. Sources are upstream of what reads them.
class dependency_graph {
public:
  /// States what `relation` reads, in place of what was stated before.
  void set_sources(oid relation, const std::vector<oid>& sources);

  /// Forgets what `relation` reads; those that read it still do.
  void remove(oid relation);

  [[nodiscard]] const std::set<oid>& sources_of(oid relation) const;
  [[nodiscard]] const std::set<oid>& dependants_of(oid relation) const;

  /// All that is upstream or downstream of `relation`, without itself.
  [[nodiscard]] std::set<oid> ancestors(oid relation) const;
  [[nodiscard]] std::set<oid> descendants(oid relation) const;

  /// Every relation, upstream first.
  [[nodiscard]] std::vector<oid> topological_order() const;

  /// `members`, upstream first, also where others lie between them.
  [[nodiscard]] std::vector<oid> in_order(const std::set<oid>& members) const;

  /// Splits `members` so that no part is upstream or downstream of another;
  /// each part is upstream first.
  [[nodiscard]] std::vector<std::vector<oid>>
  connected_batches(const std::set<oid>& members) const;

  /// The cycle that would arise if `relation` read `sources`: from `relation`
  /// by way of what it reads back to itself.
  [[nodiscard]] std::optional<std::vector<oid>>
  cycle_if(oid relation, std::span<const oid> sources) const;

private:
  using edges = std::map<oid, std::set<oid>>;

  void visit(oid relation, std::set<oid>& seen, std::vector<oid>& order) const;

  edges sources_;
  edges dependants_;
};

/// Renders a path for a message: `a -> b -> a`.
[[nodiscard]] std::string
path_text(std::span<const oid> path,
          const std::function<std::string(oid)>& name_of);

} // namespace pgtrickle
