#include "actors/ctl/table.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

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
constexpr oid type_double = 701;
constexpr oid type_real = 700;

/// Of the terminal's eight.
constexpr int red = 31;
constexpr int green = 32;
constexpr int yellow = 33;

bool is_number(oid type) {
  return type == type_bigint || type == type_smallint || type == type_integer
         || type == type_numeric || type == type_double || type == type_real;
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

std::string padded(const std::string& text, std::size_t width, bool to_right) {
  const std::string blanks(width - std::min(width, width_of(text)), ' ');
  return to_right ? blanks + text : text + blanks;
}

/// Blanks behind the last text are left out.
std::string table_line(const text_rows& table,
                       const std::vector<std::string>& cells,
                       const std::vector<std::size_t>& widths,
                       bool has_colour) {
  std::string line;
  for (std::size_t c = 0; c < widths.size(); ++c) {
    const auto text
      = padded(cells[c], widths[c], is_number(table.columns[c].type));
    const auto shown = has_colour ? coloured(cells[c]) : cells[c];
    line += (c == 0 ? "" : "  ")
            + (shown == cells[c] ? text : shown + text.substr(cells[c].size()));
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

std::string rule_of(const std::vector<std::size_t>& widths) {
  std::string rule;
  for (const auto width : widths)
    rule += (rule.empty() ? "" : "  ") + std::string(width, '-');
  return rule + '\n';
}

std::string as_table(const text_rows& table, bool has_colour) {
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
    text += table_line(table, lines[l], widths, has_colour && l > 0);
    if (l == 0)
      text += rule_of(widths);
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

ordered_json object_of(const text_rows& table, std::size_t row) {
  auto object = ordered_json::object();
  for (std::size_t c = 0; c < table.columns.size(); ++c)
    object[table.columns[c].name]
      = json_of(table.rows[row][c], table.columns[c].type);
  return object;
}

std::string as_text(const ordered_json& value, int indentation) {
  return value.dump(indentation, ' ', false,
                    ordered_json::error_handler_t::replace)
         + '\n';
}

std::string as_json(const text_rows& table) {
  auto rows = ordered_json::array();
  for (std::size_t row = 0; row < table.rows.size(); ++row)
    rows.push_back(object_of(table, row));
  return as_text(rows, 2);
}

} // namespace

output_format format_of(std::string_view name) {
  if (name == "json")
    return output_format::json;
  return name == "tsv" ? output_format::tsv : output_format::table;
}

std::string rendered(const text_rows& rows, output_format format,
                     bool has_colour) {
  switch (format) {
    case output_format::json:
      return as_json(rows);
    case output_format::tsv:
      return as_tsv(rows);
    case output_format::table:
      return as_table(rows, has_colour);
  }
  return {};
}

std::string lines_of(const text_rows& rows, output_format format) {
  std::string text;
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    if (format == output_format::json) {
      text += as_text(object_of(rows, row), -1);
      continue;
    }
    const bool is_tsv = format == output_format::tsv;
    for (std::size_t c = 0; c < rows.columns.size(); ++c)
      text += (c == 0   ? ""
               : is_tsv ? "\t"
                        : "  ")
              + one_line(rows.value(row, c), is_tsv);
    text += '\n';
  }
  return text;
}

std::string coloured(const std::string& word) {
  static const std::map<std::string_view, int> colours{
    {"ok", green},         {"ACTIVE", green},        {"up", green},
    {"current", green},    {"COMPLETED", green},     {"warning", yellow},
    {"SUSPENDED", yellow}, {"INITIALIZING", yellow}, {"draining", yellow},
    {"RUNNING", yellow},   {"silent", yellow},       {"critical", red},
    {"ERROR", red},        {"FAILED", red},          {"down", red}};
  const auto found = colours.find(word);
  return found == colours.end()
           ? word
           : fmt::format("\x1b[{}m{}\x1b[0m", found->second, word);
}

std::string harmless(std::string_view text) { return one_line(text, false); }

std::size_t width_of(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(
    utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

} // namespace pgtrickle::ctl
