#include "services/query/sql_text.hpp"

namespace pgtrickle {

std::string quoted(std::string_view identifier) {
  std::string result = "\"";
  for (char c : identifier) {
    if (c == '"')
      result += c;
    result += c;
  }
  return result += '"';
}

std::string literal(std::string_view text) {
  std::string result;
  if (text.find('\\') != std::string_view::npos)
    result += 'E';
  result += '\'';
  for (char c : text) {
    if (c == '\'' || c == '\\')
      result += c;
    result += c;
  }
  return result += '\'';
}

std::string array_element(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    result += c;
  }
  return result + '"';
}

std::string column_name(std::size_t index) {
  return "c" + std::to_string(index + 1);
}

std::vector<std::string> column_references(std::string_view alias,
                                           std::size_t count) {
  std::vector<std::string> names;
  names.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    names.push_back((alias.empty() ? "" : std::string{alias} + ".")
                    + column_name(i));
  return names;
}

std::string column_list(std::string_view alias, std::size_t count) {
  return joined(column_references(alias, count));
}

std::string joined(const std::vector<std::string>& parts,
                   std::string_view separator) {
  std::string result;
  for (const auto& part : parts) {
    if (!result.empty())
      result += separator;
    result += part;
  }
  return result;
}

} // namespace pgtrickle
