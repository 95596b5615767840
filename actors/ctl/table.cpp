#include "actors/ctl/table.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace pgtrickle::ctl {

namespace {

using nlohmann::ordered_json;
using postgres::text_rows;
using postgres::text_value;

constexpr oid type_smallint = 21;
constexpr oid type_integer = 23;
constexpr oid type_json = 114;
constexpr oid type_numeric = 1700;
constexpr oid type_jsonb = 3802;

bool is_number(oid type) {
  return type == type_bigint || type == type_smallint || type == type_integer
         || type == type_numeric;
}

/// One line, without what a terminal would obey. Only where a program reads it
/// is a backslash doubled.
std::string one_line(std::string_view text, bool is_reversible) {
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n')
      line += "\\n";
    else if (c == '\t')
      line += "\\t";
    else if (c == '\\' && is_reversible)
      line += "\\\\";
    else if (byte < 0x20 || byte == 0x7f)
      line += fmt::format("\\x{:02x}", byte);
    else
      line += c;
  }
  return line;
}

/// Columns on the screen: characters, as most are one wide.
std::size_t width_of(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(
    utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t width, bool to_right) {
  const std::string blanks(width - std::min(width, width_of(text)), ' ');
  return to_right ? blanks + text : text + blanks;
}

std::string as_pretty(const text_rows& table) {
  std::vector<std::vector<std::string>> lines;
  auto& heading = lines.emplace_back();
  for (const auto& column : table.columns)
    heading.push_back(one_line(column.name, false));
  for (const auto& row : table.rows) {
    auto& line = lines.emplace_back();
    for (const auto& value : row)
      line.push_back(value ? one_line(*value, false) : "");
  }
  std::vector<std::size_t> widths(table.columns.size());
  for (const auto& line : lines)
    for (std::size_t c = 0; c < line.size(); ++c)
      widths[c] = std::max(widths[c], width_of(line[c]));
  std::string text;
  for (std::size_t l = 0; l < lines.size(); ++l) {
    std::string line;
    std::string rule;
    for (std::size_t c = 0; c < widths.size(); ++c) {
      const auto* separator = c == 0 ? "" : "  ";
      line
        += separator
           + padded(lines[l][c], widths[c], is_number(table.columns[c].type));
      rule += separator + std::string(widths[c], '-');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
    if (l == 0)
      text += rule + '\n';
  }
  return text;
}

std::string as_tsv(const text_rows& table) {
  std::string text;
  for (std::size_t c = 0; c < table.columns.size(); ++c)
    text += (c == 0 ? "" : "\t") + one_line(table.columns[c].name, true);
  text += '\n';
  for (const auto& row : table.rows) {
    for (std::size_t c = 0; c < row.size(); ++c)
      text += (c == 0 ? "" : "\t") + (row[c] ? one_line(*row[c], true) : "");
    text += '\n';
  }
  return text;
}

ordered_json json_of(const text_value& value, oid type) {
  if (!value)
    return nullptr;
  if (type == type_bool)
    return *value == "t";
  if (is_number(type) || type == type_json || type == type_jsonb) {
    auto read = ordered_json::parse(*value, nullptr, false);
    // A number may be NaN.
    if (!read.is_discarded())
      return read;
  }
  return *value;
}

std::string as_json(const text_rows& table) {
  auto rows = ordered_json::array();
  for (const auto& row : table.rows) {
    auto object = ordered_json::object();
    for (std::size_t c = 0; c < row.size(); ++c)
      object[table.columns[c].name] = json_of(row[c], table.columns[c].type);
    rows.push_back(std::move(object));
  }
  return rows.dump(2, ' ', false, ordered_json::error_handler_t::replace)
         + '\n';
}

} // namespace

output_format format_of(std::string_view name) {
  if (name == "json")
    return output_format::json;
  return name == "tsv" ? output_format::tsv : output_format::pretty;
}

std::string rendered(const text_rows& rows, output_format format) {
  switch (format) {
    case output_format::json:
      return as_json(rows);
    case output_format::tsv:
      return as_tsv(rows);
    case output_format::pretty:
      return as_pretty(rows);
  }
  return {};
}

} // namespace pgtrickle::ctl
