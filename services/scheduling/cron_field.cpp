#include "services/scheduling/cron_field.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace pgtrickle {

namespace {

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::toupper(static_cast<unsigned char>(x)) == y;
  });
}

auto malformed(const cron_field_type& type, std::string_view text) {
  return fail(errc::invalid_argument,
              fmt::format("malformed {} \"{}\"", type.name, text),
              "Write a value, a range as 1-5, a step as */10, or a list of "
              "them separated by commas.");
}

result<int> parse_number(const cron_field_type& type, std::string_view text) {
  int value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || value < 0)
    return malformed(type, text);
  return value;
}

result<int> parse_value(const cron_field_type& type, std::string_view text) {
  const auto named
    = std::find_if(type.names.begin(), type.names.end(),
                   [&](auto name) { return same_name(text, name); });
  if (named != type.names.end())
    return type.lowest + static_cast<int>(named - type.names.begin());
  auto value = parse_number(type, text);
  if (value && (*value < type.lowest || *value > type.highest))
    return fail(errc::invalid_argument,
                fmt::format("{} {} is out of range", type.name, *value),
                fmt::format("A {} lies between {} and {}.", type.name,
                            type.lowest, type.highest));
  return value;
}

struct range {
  int first;
  int last;
};

result<range> parse_range(const cron_field_type& type, std::string_view text,
                          bool stepped) {
  if (text == "*")
    return range{type.lowest, type.highest};
  const auto dash = text.find('-');
  const auto first = parse_value(type, text.substr(0, dash));
  if (!first)
    return tl::unexpected(first.error());
  if (dash == std::string_view::npos)
    return range{*first, stepped ? type.highest : *first};
  const auto last = parse_value(type, text.substr(dash + 1));
  if (!last)
    return tl::unexpected(last.error());
  if (*first > *last)
    return fail(errc::invalid_argument,
                fmt::format("{} range \"{}\" is empty", type.name, text),
                "Write the lower end of a range first.");
  return range{*first, *last};
}

/// Adds the values of one item of the list to `field`.
result<void> add_item(const cron_field_type& type, std::string_view item,
                      cron_field& field) {
  const auto slash = item.find('/');
  const auto stepped = slash != std::string_view::npos;
  int step = 1;
  if (stepped) {
    const auto parsed = parse_number(type, item.substr(slash + 1));
    if (!parsed || *parsed == 0)
      return malformed(type, item);
    step = std::min(*parsed, type.highest + 1);
  }
  const auto values = parse_range(type, item.substr(0, slash), stepped);
  if (!values)
    return tl::unexpected(values.error());
  for (auto value = values->first; value <= values->last; value += step)
    field.values.set(static_cast<std::size_t>(value));
  return {};
}

} // namespace

result<cron_field> parse_cron_field(const cron_field_type& type,
                                    std::string_view text) {
  cron_field field;
  field.star = text.starts_with('*');
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto comma = std::min(text.find(',', begin), text.size());
    const auto added = add_item(type, text.substr(begin, comma - begin), field);
    if (!added)
      return tl::unexpected(added.error());
    begin = comma + 1;
  }
  return field;
}

} // namespace pgtrickle
