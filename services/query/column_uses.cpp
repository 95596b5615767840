#include "services/query/column_uses.hpp"

#include "services/query/parse_tree.hpp"
#include "services/query/plan_nodes.hpp"

#include <algorithm>

namespace pgtrickle {

void column_uses::add(const google::protobuf::Message& part) {
  for_each_message(part, [&](const auto& message) {
    const auto* reference = dynamic_cast<const pg_query::ColumnRef*>(&message);
    if (reference == nullptr)
      return true;
    const auto& fields = reference->fields();
    const bool named = std::ranges::all_of(
      fields, [](const auto& field) { return field.has_string(); });
    if (!named || fields.size() > 2)
      all_ = true;
    else if (fields.size() == 2)
      qualified_.emplace(fields[0].string().sval(), fields[1].string().sval());
    else
      bare_.insert(fields[0].string().sval());
    return false;
  });
}

bool column_uses::contains(const std::string& alias,
                           const std::string& name) const {
  return all_ || bare_.contains(name) || bare_.contains(alias)
         || qualified_.contains({alias, name});
}

named_rows only(const column_uses& uses, named_rows rows) {
  std::set<std::size_t> used;
  for (const auto& binding : rows.names)
    for (const auto& [name, at] : binding.columns)
      if (uses.contains(binding.alias, name))
        used.insert(at);
  if (used.empty() && !rows.rows->columns.empty())
    used.insert(0);
  if (used.size() == rows.rows->columns.size())
    return rows;
  const std::vector<std::size_t> kept{used.begin(), used.end()};
  for (auto& binding : rows.names) {
    std::erase_if(binding.columns, [&](const auto& column) {
      return !used.contains(column.second);
    });
    for (auto& column : binding.columns)
      column.second = static_cast<std::size_t>(
        std::ranges::lower_bound(kept, column.second) - kept.begin());
  }
  rows.rows = columns_at(std::move(rows.rows), kept);
  return rows;
}

} // namespace pgtrickle
