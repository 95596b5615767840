#include "services/config/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace pgtrickle::config {

namespace {

constexpr std::string_view prefix = "pg_trickle.";

/// A unit of PostgreSQL's settings.
struct time_unit {
  std::string_view name;
  double milliseconds;
};

constexpr std::array<time_unit, 6> time_units{{{"us", 0.001},
                                               {"ms", 1},
                                               {"s", 1000},
                                               {"min", 60'000},
                                               {"h", 3'600'000},
                                               {"d", 86'400'000}}};

/// The unit that a setting's flags name; empty: none.
constexpr std::string_view unit_of(std::string_view flags) {
  if (flags == "GUC_UNIT_MS")
    return "ms";
  return flags == "GUC_UNIT_S" ? "s" : "";
}

std::optional<double> milliseconds_in(std::string_view unit) {
  for (const auto& [name, milliseconds] : time_units)
    if (name == unit)
      return milliseconds;
  return std::nullopt;
}

/// How many of `unit` one of `written` is.
std::optional<double> conversion(std::string_view written,
                                 std::string_view unit) {
  if (written.empty())
    return 1;
  const auto from = milliseconds_in(written);
  const auto to = milliseconds_in(unit);
  if (!from || !to)
    return std::nullopt;
  return *from / *to;
}

std::optional<double> read_number(std::string_view text,
                                  std::string_view unit) {
  double number = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || !std::isfinite(number))
    return std::nullopt;
  std::string_view written{stop, static_cast<std::size_t>(end - stop)};
  written.remove_prefix(
    std::min(written.find_first_not_of(' '), written.size()));
  const auto factor = conversion(written, unit);
  if (!factor)
    return std::nullopt;
  return number * *factor;
}

result<double> number_in_range(std::string_view name, std::string_view text,
                               double least, double greatest,
                               std::string_view unit) {
  const auto number = read_number(text, unit);
  if (!number || *number < least || *number > greatest)
    return fail(errc::invalid_argument,
                fmt::format("setting {}{} is \"{}\"", prefix, name, text),
                fmt::format("Use a number from {} to {}{}{}.", least, greatest,
                            unit.empty() ? "" : " ", unit));
  return *number;
}

result<bool> boolean(std::string_view name, std::string_view text) {
  for (const auto* yes : {"on", "true", "yes", "1", "t", "y"})
    if (text == yes)
      return true;
  for (const auto* no : {"off", "false", "no", "0", "f", "n"})
    if (text == no)
      return false;
  return fail(errc::invalid_argument,
              fmt::format("setting {}{} is \"{}\"", prefix, name, text),
              "Use on or off.");
}

template <class T, class Source>
result<void> store(T& member, result<Source> value) {
  return std::move(value).map(
    [&](Source read) { member = static_cast<T>(std::move(read)); });
}

result<void> assign(settings& s, std::string_view setting,
                    const std::string& text) {
#define SETTING_BOOL(name, value, context, flags, description)                 \
  if (setting == #name)                                                        \
    return store(s.name, boolean(setting, text));
#define SETTING_INT(name, value, least, greatest, context, flags, description) \
  if (setting == #name)                                                        \
    return store(                                                              \
      s.name, number_in_range(setting, text, least, greatest, unit_of(#flags)) \
                .map([](double x) { return std::lround(x); }));
#define SETTING_REAL(name, value, least, greatest, context, flags,             \
                     description)                                              \
  if (setting == #name)                                                        \
    return store(s.name, number_in_range(setting, text, least, greatest,       \
                                         unit_of(#flags)));
#define SETTING_STRING(name, value, context, flags, description)               \
  if (setting == #name)                                                        \
    return store(s.name, result<std::string>{text});
#include "sql/settings.def"
  return {};
}

} // namespace

std::span<const setting_description> setting_descriptions() {
  static const auto range = [](auto least, auto greatest) {
    return fmt::format("{} to {}", least, greatest);
  };
  static const auto named
    = [](std::string_view name) { return fmt::format("{}{}", prefix, name); };
  static const std::vector<setting_description> descriptions{
#define SETTING_BOOL(name, value, context, flags, description)                 \
  {named(#name), "boolean",       (value) ? "on" : "off",                      \
   "",           unit_of(#flags), description},
#define SETTING_INT(name, value, least, greatest, context, flags, description) \
  {named(#name),           "integer",       #value,                            \
   range(least, greatest), unit_of(#flags), description},
#define SETTING_REAL(name, value, least, greatest, context, flags,             \
                     description)                                              \
  {named(#name),           "real",          #value,                            \
   range(least, greatest), unit_of(#flags), description},
#define SETTING_STRING(name, value, context, flags, description)               \
  {named(#name), "string", value, "", unit_of(#flags), description},
#include "sql/settings.def"
  };
  return descriptions;
}

std::vector<failure> read_settings(settings& s, const setting_texts& texts) {
  std::vector<failure> problems;
  for (const auto& [name, text] : texts)
    if (name.starts_with(prefix)) {
      auto assigned
        = assign(s, std::string_view{name}.substr(prefix.size()), text);
      if (!assigned)
        problems.push_back(std::move(assigned.error()));
    }
  return problems;
}

} // namespace pgtrickle::config
