#include "services/scheduling/duration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

namespace pgtrickle {

namespace {

struct unit {
  std::string_view name;
  std::int64_t milliseconds;
};

/// From the largest to the smallest: the order in which a text names them.
constexpr std::array<unit, 6> units{{{"w", 604'800'000},
                                     {"d", 86'400'000},
                                     {"h", 3'600'000},
                                     {"m", 60'000},
                                     {"s", 1000},
                                     {"ms", 1}}};

auto malformed(std::string_view text) {
  return fail(errc::invalid_argument,
              fmt::format("malformed duration \"{}\"", text),
              "Write a duration as 30s, 5m, 1h30m, 2d, 1w or 500ms, with the "
              "largest unit first; a bare number means seconds.");
}

auto too_long(std::string_view text) {
  return fail(errc::invalid_argument,
              fmt::format("duration \"{}\" is too long", text),
              fmt::format("The longest duration is {}.",
                          render_duration(longest_duration)));
}

/// Takes the longest prefix of `rest` for whose characters `belongs` holds.
template <class Predicate>
std::string_view take_while(std::string_view& rest, Predicate belongs) {
  const auto end = std::find_if_not(rest.begin(), rest.end(), belongs);
  const auto length = static_cast<std::size_t>(end - rest.begin());
  const auto taken = rest.substr(0, length);
  rest.remove_prefix(length);
  return taken;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The count times the unit, unless that is more than the longest duration.
std::optional<std::int64_t> length_of(std::string_view digits,
                                      std::int64_t unit_length) {
  std::int64_t count = 0;
  const auto [end, error]
    = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (error != std::errc{} || count > longest_duration.count() / unit_length)
    return std::nullopt;
  return count * unit_length;
}

} // namespace

result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::chrono::milliseconds total{0};
  auto rest = text;
  const auto* next_unit = units.begin();
  do {
    const auto digits = take_while(rest, is_digit);
    auto name = take_while(rest, [](char c) { return !is_digit(c); });
    if (digits.size() == text.size())
      name = "s";
    const auto* found = std::find_if(
      next_unit, units.end(), [&](const unit& u) { return u.name == name; });
    if (digits.empty() || found == units.end())
      return malformed(text);
    const auto length = length_of(digits, found->milliseconds);
    if (!length)
      return too_long(text);
    total += std::chrono::milliseconds{*length};
    if (total > longest_duration)
      return too_long(text);
    next_unit = found + 1;
  } while (!rest.empty());
  return total;
}

std::string render_duration(std::chrono::milliseconds length) {
  if (length == std::chrono::milliseconds::zero())
    return "0s";
  std::string text;
  auto rest = length.count();
  for (const auto& [name, milliseconds] : units) {
    if (const auto count = rest / milliseconds; count != 0)
      text += fmt::format("{}{}", count, name);
    rest %= milliseconds;
  }
  return text;
}

} // namespace pgtrickle
