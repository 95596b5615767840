#include "services/differential/locator.hpp"

#include "services/differential/program_builder.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace pgtrickle {

namespace {

/// PostgreSQL's limit for one index.
constexpr std::size_t most_index_columns = 32;

} // namespace

std::vector<std::size_t> all_columns(std::size_t count) {
  std::vector<std::size_t> all(count);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

locator::locator(std::vector<column> columns, std::vector<std::size_t> key)
  : columns_(std::move(columns)), key_(std::move(key)) {
  plain_ = !key_.empty() && key_.size() <= most_index_columns
           && std::ranges::all_of(key_, [&](std::size_t i) {
                return columns_[i].indexable && columns_[i].not_null;
              });
  unique_ = plain_;
  if (key_.empty())
    key_ = all_columns(columns_.size());
}

locator locator::of_groups(std::vector<column> columns,
                           std::vector<std::size_t> group) {
  locator result{std::move(columns), std::move(group)};
  result.unique_ = false;
  return result;
}

std::string locator::hash(const std::vector<std::string>& references) const {
  std::vector<std::string> parts;
  for (auto i : key_)
    if (columns_[i].eq != equality::none)
      parts.push_back(references[i]);
  return parts.empty()
           ? ""
           : fmt::format("pg_catalog.hash_record_extended(ROW({}), 0)",
                         joined(parts));
}

std::vector<std::string>
locator::index_on(const std::string& table,
                  const std::vector<std::string>& names,
                  const std::string& name) const {
  const auto called = name.empty() ? "" : "IF NOT EXISTS " + name + " ";
  if (plain_) {
    std::vector<std::string> parts;
    for (auto i : key_)
      parts.push_back(names[i]);
    return {fmt::format("CREATE {}INDEX {}ON {} ({})", unique_ ? "UNIQUE " : "",
                        called, table, joined(parts))};
  }
  const auto expression = hash(names);
  if (expression.empty())
    return {};
  return {
    fmt::format("CREATE INDEX {}ON {} (({}))", called, table, expression)};
}

std::string locator::match(const std::vector<std::string>& a,
                           const std::vector<std::string>& b,
                           comparison side) const {
  std::vector<std::string> parts;
  if (const auto left = hash(a); !plain_ && !left.empty())
    parts.push_back(left + " = " + hash(b));
  for (auto i : key_)
    parts.push_back(plain_ ? a[i] + " = " + b[i]
                           : fmt::format("{} IS NOT DISTINCT FROM {}",
                                         side(a[i], columns_[i]),
                                         side(b[i], columns_[i])));
  return parts.empty() ? "true" : joined(parts, " AND ");
}

std::string locator::equal(const std::vector<std::string>& a,
                           const std::vector<std::string>& b) const {
  return match(a, b, [](const std::string& x, const column&) { return x; });
}

std::string locator::identical(const std::vector<std::string>& a,
                               const std::vector<std::string>& b) const {
  return match(a, b, exact);
}

std::vector<std::string> references(std::string_view alias,
                                    const std::vector<std::string>& names) {
  std::vector<std::string> result;
  for (const auto& name : names)
    result.push_back(fmt::format("{}.{}", alias, name));
  return result;
}

std::vector<std::string> column_names(std::size_t count) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < count; ++i)
    result.push_back(column_name(i));
  return result;
}

} // namespace pgtrickle
