#include "services/capture/staging.hpp"

#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

std::string change_buffer(oid table) {
  return fmt::format("pgtrickle_changes.changes_{}", table);
}

std::string count_changes(oid table, const frontier& since) {
  return fmt::format("SELECT count(*), coalesce(bool_or(__weight = 0), false) "
                     "FROM {} WHERE {}",
                     change_buffer(table), beyond(since));
}

std::string any_changes(oid table, const frontier& since) {
  return fmt::format("SELECT EXISTS (SELECT FROM {} WHERE {})",
                     change_buffer(table), beyond(since));
}

std::string create_view(const source_delta& source) {
  std::vector<std::string> outputs{"__xid", "__weight"};
  for (std::size_t i = 0; i < source.attnums.size(); ++i)
    outputs.push_back(
      fmt::format("c{} AS {}", source.attnums[i], column_name(i)));
  return fmt::format(
    "CREATE VIEW {} AS SELECT {} FROM {} WHERE pgtrickle._internal_refresh()",
    source.view, joined(outputs), change_buffer(source.table));
}

} // namespace pgtrickle
