#include "services/scheduling/schedule.hpp"

#include "services/scheduling/duration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace pgtrickle {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\n\r";
  const auto begin = std::min(text.find_first_not_of(blank), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(blank) + 1);
}

bool is_calculated(std::string_view text) {
  constexpr std::string_view word = "calculated";
  return std::equal(
    text.begin(), text.end(), word.begin(), word.end(),
    [](unsigned char a, char b) { return std::tolower(a) == b; });
}

bool looks_like_cron(std::string_view text) {
  return text.starts_with('@')
         || text.find_first_of(" \t") != std::string_view::npos;
}

result<schedule> parse_interval(std::string_view text,
                                std::chrono::milliseconds shortest) {
  const auto length = parse_duration(text);
  if (!length)
    return fail(errc::invalid_argument,
                fmt::format("malformed schedule \"{}\": {}", text,
                            length.error().message),
                length.error().hint
                  + " A schedule may also be a cron expression or the word "
                    "calculated.");
  const auto is_refused = *length == std::chrono::milliseconds::zero()
                            ? shortest > schedule_rules{}.shortest_interval
                            : *length < shortest;
  if (is_refused)
    return fail(errc::invalid_argument,
                fmt::format("schedule \"{}\" is shorter than the minimum of {}",
                            text, render_duration(shortest)),
                fmt::format("Use at least {}, or lower "
                            "pg_trickle.min_schedule_seconds.",
                            render_duration(shortest)));
  return interval{*length};
}

} // namespace

result<schedule> parse_schedule(std::optional<std::string_view> text,
                                const schedule_rules& rules) {
  if (!text)
    return calculated{};
  const auto words = trimmed(*text);
  if (is_calculated(words))
    return calculated{};
  if (looks_like_cron(words))
    return cron_schedule::parse(words, rules.time_zone);
  return parse_interval(words, rules.shortest_interval);
}

bool is_unbounded(const schedule& when) {
  return when == schedule{interval{std::chrono::milliseconds::zero()}};
}

std::string to_string(const schedule& when) {
  struct renderer {
    std::string operator()(const interval& i) const {
      return render_duration(i.length);
    }
    std::string operator()(const cron_schedule& c) const { return c.text(); }
    std::string operator()(const calculated& /*none*/) const {
      return "calculated";
    }
  };
  return std::visit(renderer{}, when);
}

} // namespace pgtrickle
