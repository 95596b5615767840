#include "services/differential/moved_program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace pgtrickle {

namespace {

/// Takes a number off `text`, with the blank before it.
template <class Number>
bool take(std::string_view& text, Number& value) {
  auto rest = text;
  if (rest.starts_with(' '))
    rest.remove_prefix(1);
  const auto [end, error]
    = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc{})
    return false;
  text = rest.substr(static_cast<std::size_t>(end - rest.data()));
  return true;
}

/// A line of a shape that begins "scan <oid>: <attnum> <attnum>".
std::string moved_line(std::string_view line, const moved_relations& moved) {
  constexpr std::string_view scan = "scan";
  auto rest = line;
  oid table = 0;
  if (!rest.starts_with(scan))
    return std::string{line};
  rest.remove_prefix(scan.size());
  if (!take(rest, table) || !rest.starts_with(':'))
    return std::string{line};
  const auto found = moved.find(table);
  if (found == moved.end())
    return std::string{line};
  rest.remove_prefix(1);
  auto text = fmt::format("scan {}:", found->second.found);
  for (std::int16_t attnum = 0; take(rest, attnum);) {
    const auto present = found->second.attnums.find(attnum);
    text += fmt::format(
      " {}", present == found->second.attnums.end() ? attnum : present->second);
  }
  return text.append(rest);
}

} // namespace

bool move_sources(refresh_program& program, const moved_relations& moved) {
  for (auto& source : program.sources) {
    const auto found = moved.find(source.table);
    if (found == moved.end())
      return false;
    source.table = found->second.found;
    for (auto& attnum : source.attnums) {
      const auto present = found->second.attnums.find(attnum);
      if (present == found->second.attnums.end())
        return false;
      attnum = present->second;
    }
  }
  return true;
}

std::string moved_shape(std::string_view shape, const moved_relations& moved) {
  std::string text;
  while (!shape.empty()) {
    const auto length = std::min(shape.find('\n'), shape.size());
    text += moved_line(shape.substr(0, length), moved);
    if (length < shape.size())
      text += '\n';
    shape.remove_prefix(std::min(length + 1, shape.size()));
  }
  return text;
}

} // namespace pgtrickle
