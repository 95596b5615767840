#include "services/scheduling/cron.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <vector>

namespace pgtrickle {

namespace {

using namespace std::chrono_literals;

/// 1 February on a given weekday comes after 12 years at the latest.
constexpr std::chrono::days longest_wait{366 * 13};

constexpr std::array<std::string_view, 12> month_names{
  "JAN", "FEB", "MAR", "APR", "MAY", "JUN",
  "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> weekday_names{
  "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

enum position : std::size_t {
  second,
  minute,
  hour,
  day_of_month,
  month,
  day_of_week
};

constexpr std::array<cron_field_type, 6> field_types{
  {{"second", 0, 59},
   {"minute", 0, 59},
   {"hour", 0, 23},
   {"day of month", 1, 31},
   {"month", 1, 12, month_names},
   {"day of week", 0, 7, weekday_names}}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 7>
  abbreviations{{{"@hourly", "0 * * * *"},
                 {"@daily", "0 0 * * *"},
                 {"@midnight", "0 0 * * *"},
                 {"@weekly", "0 0 * * 0"},
                 {"@monthly", "0 0 1 * *"},
                 {"@yearly", "0 0 1 1 *"},
                 {"@annually", "0 0 1 1 *"}}};

std::vector<std::string_view> words(std::string_view text) {
  constexpr std::string_view blank = " \t\n\r";
  std::vector<std::string_view> found;
  while (true) {
    const auto begin = text.find_first_not_of(blank);
    if (begin == std::string_view::npos)
      return found;
    text.remove_prefix(begin);
    const auto end = std::min(text.find_first_of(blank), text.size());
    found.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

result<const date::time_zone*> find_zone(std::string_view name) {
  // The library tells by an exception that it does not know a zone.
  try {
    return date::locate_zone(name);
  } catch (const std::runtime_error&) {
    return fail(errc::invalid_argument,
                fmt::format("unknown time zone \"{}\"", name),
                "Name a time zone as Europe/Berlin or UTC.");
  }
}

/// The fields of `words`, seconds first.
result<std::vector<std::string_view>>
expand(std::vector<std::string_view> fields) {
  if (fields.size() == 1)
    for (const auto& [name, expression] : abbreviations)
      if (fields.front() == name)
        fields = words(expression);
  if (fields.size() == 5)
    fields.insert(fields.begin(), "0");
  if (fields.size() != 6)
    return fail(errc::invalid_argument,
                fmt::format("{} fields instead of 5 or 6", fields.size()),
                "Write minute, hour, day of month, month and day of week, with "
                "the second in front if it matters, or @hourly, @daily, "
                "@weekly, @monthly or @yearly.");
  return fields;
}

/// Reads fields, seconds first.
result<std::array<cron_field, 6>>
parse_fields(const std::vector<std::string_view>& texts) {
  std::array<cron_field, 6> fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    // `?` says of a day field that the other one decides.
    const auto either
      = (i == day_of_month || i == day_of_week) && texts[i] == "?";
    auto field = parse_cron_field(field_types[i], either ? "*" : texts[i]);
    if (!field)
      return tl::unexpected(std::move(field.error()));
    fields[i] = *field;
  }
  // Sunday is both 0 and 7.
  if (fields[day_of_week].contains(7))
    fields[day_of_week].values.set(0);
  return fields;
}

} // namespace

result<cron_schedule> cron_schedule::parse(std::string_view text,
                                           std::string_view zone) {
  constexpr std::string_view zone_prefix = "CRON_TZ=";
  auto parts = words(text);
  if (!parts.empty() && parts.front().starts_with(zone_prefix)) {
    zone = parts.front().substr(zone_prefix.size());
    parts.erase(parts.begin());
  }
  cron_schedule schedule;
  schedule.text_ = text;
  const auto read
    = find_zone(zone)
        .map([&](const date::time_zone* found) { schedule.zone_ = found; })
        .and_then([&] { return expand(std::move(parts)); })
        .and_then(parse_fields)
        .map([&](const auto& fields) { schedule.fields_ = fields; })
        .and_then([&] { return schedule.ever_fires(); });
  if (!read) {
    auto reason = read.error();
    reason.message
      = fmt::format("malformed schedule \"{}\": {}", text, reason.message);
    return tl::unexpected(std::move(reason));
  }
  return schedule;
}

result<void> cron_schedule::ever_fires() const {
  if (!first_day(day{}))
    return fail(errc::invalid_argument, "there is no such date",
                "Choose a day that at least one of the months has.");
  return {};
}

std::string cron_schedule::zone() const { return zone_->name(); }

bool cron_schedule::fires_on(std::chrono::year_month_day date) const {
  const auto day_matches
    = fields_[day_of_month].contains(static_cast<unsigned>(date.day()));
  const std::chrono::weekday weekday{std::chrono::local_days{date}};
  const auto weekday_matches
    = fields_[day_of_week].contains(weekday.c_encoding());
  // As in Vixie's cron: two restricted day fields are alternatives.
  return fields_[day_of_month].star || fields_[day_of_week].star
           ? day_matches && weekday_matches
           : day_matches || weekday_matches;
}

std::optional<cron_schedule::day> cron_schedule::first_day(day from) const {
  for (auto candidate = from; candidate <= from + longest_wait;) {
    const std::chrono::year_month_day date{candidate};
    if (!fields_[month].contains(static_cast<unsigned>(date.month()))) {
      const auto next_month = std::chrono::year_month{date.year(), date.month()}
                              + std::chrono::months{1};
      candidate = day{next_month / 1};
    } else if (fires_on(date)) {
      return candidate;
    } else {
      candidate += std::chrono::days{1};
    }
  }
  return std::nullopt;
}

std::optional<cron_schedule::time_of_day>
cron_schedule::first_time(time_of_day from) const {
  const auto unit = [](auto count) { return static_cast<unsigned>(count); };
  for (auto time = from; time < 24h;) {
    const std::chrono::hh_mm_ss clock{time};
    if (!fields_[hour].contains(unit(clock.hours().count())))
      time = clock.hours() + 1h;
    else if (!fields_[minute].contains(unit(clock.minutes().count())))
      time = clock.hours() + clock.minutes() + 1min;
    else if (!fields_[second].contains(unit(clock.seconds().count())))
      time += 1s;
    else
      return time;
  }
  return std::nullopt;
}

cron_schedule::wall_time cron_schedule::first_match(wall_time from) const {
  const auto today = std::chrono::floor<std::chrono::days>(from);
  auto found = first_day(today).value();
  auto time = first_time(found == today ? from - today : time_of_day{0});
  if (!time) {
    found = first_day(today + std::chrono::days{1}).value();
    time = first_time(time_of_day{0});
  }
  return found + time.value();
}

cron_schedule::time_point cron_schedule::next(time_point after) const {
  const date::local_seconds local = zone_->to_local(after);
  wall_time from{local.time_since_epoch()};
  while (true) {
    const auto match = first_match(from + 1s);
    const date::local_seconds candidate{match.time_since_epoch()};
    const auto info = zone_->get_info(candidate);
    const auto fires
      = info.result == date::local_info::nonexistent
          ? info.second.begin
          : time_point{match.time_since_epoch() - info.first.offset};
    if (fires > after)
      return fires;
    from = match;
  }
}

} // namespace pgtrickle
