#include "services/capture/staging.hpp"

#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <array>

namespace pgtrickle {

std::string window(const frontier& since,
                   const std::vector<block_range>& blocks) {
  std::vector<std::string> places;
  for (const auto& range : blocks)
    places.push_back(
      fmt::format("__part = {} AND __at >= '({},0)' AND __at < '({},0)'",
                  range.part, range.first, range.last + 1));
  return fmt::format("{} AND ({})", beyond(since),
                     places.empty() ? "false" : joined(places, " OR "));
}

std::string places_of(const std::vector<block_range>& blocks) {
  std::array<std::int64_t, 4> ends{};
  for (const auto& range : blocks) {
    const auto at = 2 * static_cast<std::size_t>(range.part);
    ends.at(at) = range.first;
    ends.at(at + 1) = range.last + 1;
  }
  std::vector<std::string> places;
  for (auto block : ends)
    places.push_back(fmt::format("\"({},0)\"", block));
  return joined(places, ",");
}

std::string create_view(const source_delta& source) {
  std::string columns;
  std::string outputs;
  for (std::size_t i = 0; i < source.attnums.size(); ++i) {
    columns += fmt::format(", c{}", source.attnums[i]);
    outputs += fmt::format(", c{} AS {}", source.attnums[i], column_name(i));
  }
  std::vector<std::string> parts;
  for (int part = 0; part < 2; ++part)
    parts.push_back(
      fmt::format("SELECT {0} AS __part, ctid AS __at, __xid, __weight{1} "
                  "FROM pgtrickle_changes.changes_{2}_{0}",
                  part, columns, source.table));
  return fmt::format(
    "CREATE VIEW {} AS SELECT __part, __at, __xid, __weight{} FROM ({}) p "
    "WHERE pgtrickle._internal_refresh()",
    source.view, outputs, joined(parts, " UNION ALL "));
}

} // namespace pgtrickle
