#include "services/capture/staging.hpp"

#include "services/differential/program_builder.hpp"
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
  return fmt::format("INSERT INTO {} SELECT * FROM {} d", source.staging,
                     consolidated(rows, source.columns));
}

} // namespace pgtrickle
