#include "services/scheduling/awaited_sources.hpp"

#include <map>

namespace pgtrickle {

std::set<oid> awaited_sources(std::span<const scheduled_table> tables) {
  std::map<oid, const scheduled_table*> calculated_ones;
  std::vector<const scheduled_table*> open;
  for (const auto& table : tables) {
    if (!table.active)
      continue;
    if (is_unbounded(table.when))
      open.push_back(&table);
    else if (std::holds_alternative<calculated>(table.when))
      calculated_ones.emplace(table.relid, &table);
  }
  std::set<oid> awaited;
  while (!open.empty()) {
    const auto* reader = open.back();
    open.pop_back();
    for (const auto source : reader->sources) {
      const auto upstream = calculated_ones.find(source);
      if (awaited.insert(source).second && upstream != calculated_ones.end())
        open.push_back(upstream->second);
    }
  }
  return awaited;
}

} // namespace pgtrickle
