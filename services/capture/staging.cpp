#include "services/capture/staging.hpp"

#include "services/differential/program_builder.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle {

std::string change_buffer(oid table) {
  return fmt::format("pgtrickle_changes.changes_{}", table);
}

std::string count_changes(oid table, const frontier& since) {
  return fmt::format("SELECT count(*), coalesce(bool_or(__weight = 0), false) "
                     "FROM {} WHERE {}",
                     change_buffer(table), beyond(since));
}

std::string stage_changes(const source_delta& source, const frontier& since) {
  if (source.staging.empty())
    return {};
  std::vector<std::string> outputs;
  for (std::size_t i = 0; i < source.attnums.size(); ++i)
    outputs.push_back(
      fmt::format("c{} AS {}", source.attnums[i], column_name(i)));
  outputs.emplace_back("__weight");
  const auto rows = fmt::format("(SELECT {} FROM {} WHERE {})", joined(outputs),
                                change_buffer(source.table), beyond(since));
  // Comparing by text runs casts and checks that users may have written; the
  // rows are staged as they are, and their owner's function compares them.
  const bool comparable = std::ranges::all_of(
    source.columns, [](const auto& c) { return c.eq != equality::none; });
  return fmt::format("INSERT INTO {} SELECT * FROM {} d", source.staging,
                     comparable ? consolidated(rows, source.columns) : rows);
}

} // namespace pgtrickle
