#include "services/scheduling/cron.hpp"

#include <date/tz.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <functional>
#include <set>

using namespace pgtrickle;
using namespace std::chrono_literals;
using namespace std::chrono;

namespace {

cron_schedule cron(std::string_view text, std::string_view zone = "UTC") {
  const auto schedule = cron_schedule::parse(text, zone);
  REQUIRE_MESSAGE(schedule, text);
  return *schedule;
}

sys_seconds at(int y, unsigned m, unsigned d, seconds time = 0s) {
  return sys_days{year{y} / month{m} / day{d}} + time;
}

std::string text(sys_seconds time) { return date::format("%F %T", time); }

/// The next moments at which `schedule` fires.
std::vector<std::string> fires(const cron_schedule& schedule, sys_seconds after,
                               int count) {
  std::vector<std::string> times;
  for (int i = 0; i < count; ++i) {
    after = schedule.next(after);
    times.push_back(text(after));
  }
  return times;
}

using times = std::vector<std::string>;

/// All moments from `begin` to `end` at which a local minute fires for which
/// `matches` holds, found by trying every minute.
std::vector<sys_seconds> brute_force(
  const std::string& zone, sys_seconds begin, sys_seconds end,
  const std::function<bool(const year_month_day&, minutes)>& matches) {
  std::set<sys_seconds> found;
  const auto offset = [](sys_seconds t) { return t.time_since_epoch(); };
  for (auto t = offset(begin - 24h); t < offset(end + 24h); t += 1min) {
    const auto midnight = floor<days>(t);
    if (!matches(sys_days{midnight}, duration_cast<minutes>(t - midnight)))
      continue;
    const auto fire
      = date::make_zoned(zone, date::local_seconds{t}, date::choose::earliest)
          .get_sys_time();
    if (fire > begin && fire <= end)
      found.insert(fire);
  }
  return {found.begin(), found.end()};
}

std::vector<sys_seconds> all_fires(const cron_schedule& schedule,
                                   sys_seconds begin, sys_seconds end) {
  std::vector<sys_seconds> found;
  for (auto t = schedule.next(begin); t <= end; t = schedule.next(t))
    found.push_back(t);
  return found;
}

} // namespace

TEST_CASE("a cron schedule fires strictly after the given moment") {
  const auto noon = cron("0 12 * * *");
  CHECK(noon.next(at(2026, 5, 1, 12h - 1s)) == at(2026, 5, 1, 12h));
  CHECK(noon.next(at(2026, 5, 1, 12h)) == at(2026, 5, 2, 12h));
}

TEST_CASE("lists, ranges, steps and names select values") {
  const auto start = at(2026, 1, 1);
  CHECK(fires(cron("5,10-12,50/5 * * * *"), start, 6)
        == times{"2026-01-01 00:05:00", "2026-01-01 00:10:00",
                 "2026-01-01 00:11:00", "2026-01-01 00:12:00",
                 "2026-01-01 00:50:00", "2026-01-01 00:55:00"});
  CHECK(fires(cron("0 9-17/4 * feb mon-Fri"), start, 4)
        == times{"2026-02-02 09:00:00", "2026-02-02 13:00:00",
                 "2026-02-02 17:00:00", "2026-02-03 09:00:00"});
}

TEST_CASE("with six fields the first is the second") {
  CHECK(fires(cron("*/20 59 23 31 12 *"), at(2026, 1, 1), 4)
        == times{"2026-12-31 23:59:00", "2026-12-31 23:59:20",
                 "2026-12-31 23:59:40", "2027-12-31 23:59:00"});
}

TEST_CASE("the abbreviations fire at the beginning of their period") {
  const auto now = at(2026, 5, 13, 10h + 30min);
  CHECK(text(cron("@hourly").next(now)) == "2026-05-13 11:00:00");
  CHECK(text(cron("@daily").next(now)) == "2026-05-14 00:00:00");
  CHECK(text(cron("@weekly").next(now)) == "2026-05-17 00:00:00");
  CHECK(text(cron("@monthly").next(now)) == "2026-06-01 00:00:00");
  CHECK(text(cron("@yearly").next(now)) == "2027-01-01 00:00:00");
}

TEST_CASE("Sunday is both 0 and 7") {
  const auto now = at(2026, 5, 13);
  CHECK(cron("0 0 * * 0").next(now) == cron("0 0 * * 7").next(now));
  CHECK(text(cron("0 0 * * 5-7").next(at(2026, 5, 16)))
        == "2026-05-17 00:00:00");
}

TEST_CASE("two restricted day fields are alternatives") {
  CHECK(fires(cron("0 0 13 * FRI"), at(2026, 2, 1), 4)
        == times{"2026-02-06 00:00:00", "2026-02-13 00:00:00",
                 "2026-02-20 00:00:00", "2026-02-27 00:00:00"});
  CHECK(text(cron("0 0 15 * FRI").next(at(2026, 2, 13)))
        == "2026-02-15 00:00:00");
}

TEST_CASE("a day field that begins with a star restricts the other one") {
  CHECK(fires(cron("0 0 */2 * FRI"), at(2026, 2, 1), 2)
        == times{"2026-02-13 00:00:00", "2026-02-27 00:00:00"});
  CHECK(fires(cron("0 0 ? * FRI"), at(2026, 2, 1), 2)
        == times{"2026-02-06 00:00:00", "2026-02-13 00:00:00"});
}

TEST_CASE("29 February waits for a leap year") {
  CHECK(fires(cron("0 0 29 2 *"), at(2096, 1, 1), 2)
        == times{"2096-02-29 00:00:00", "2104-02-29 00:00:00"});
}

TEST_CASE("the longest wait for a date is not too long") {
  CHECK(fires(cron("0 0 */28 2 THU"), at(2091, 1, 1), 2)
        == times{"2091-02-01 00:00:00", "2103-02-01 00:00:00"});
}

TEST_CASE("a local time that is skipped fires once after the gap") {
  const auto berlin = cron("30 2 * * *", "Europe/Berlin");
  CHECK(fires(berlin, at(2026, 3, 28, 12h), 2)
        == times{"2026-03-29 01:00:00", "2026-03-30 00:30:00"});
  CHECK(fires(cron("*/20 2 * * *", "Europe/Berlin"), at(2026, 3, 29), 2)
        == times{"2026-03-29 01:00:00", "2026-03-30 00:00:00"});
}

TEST_CASE("a local time that is repeated fires once") {
  const auto berlin = cron("30 2 * * *", "Europe/Berlin");
  CHECK(fires(berlin, at(2026, 10, 24, 12h), 2)
        == times{"2026-10-25 00:30:00", "2026-10-26 01:30:00"});
  CHECK(text(berlin.next(at(2026, 10, 25, 1h))) == "2026-10-26 01:30:00");
}

TEST_CASE("a time zone may stand in front of the expression") {
  CHECK(text(cron("CRON_TZ=Asia/Tokyo 0 9 * * *").next(at(2026, 5, 1)))
        == "2026-05-02 00:00:00");
}

TEST_CASE("a cron schedule fires exactly when trying every minute says so") {
  struct example {
    std::string expression;
    std::function<bool(const year_month_day&, minutes)> matches;
  };
  const auto weekday_of
    = [](const year_month_day& d) { return weekday{sys_days{d}}; };
  const std::vector<example> examples{
    {"*/7 * * * *",
     [](auto&, minutes m) { return (m % 60min) % 7min == 0min; }},
    {"15,45 1-3 * * *",
     [](auto&, minutes m) {
       return (m % 60min == 15min || m % 60min == 45min) && m >= 1h && m < 4h;
     }},
    {"0 0 1,26-31/2 * SUN",
     [&](auto& d, minutes m) {
       const auto day = static_cast<unsigned>(d.day());
       return m == 0min
              && (day == 1 || (day >= 26 && day % 2 == 0)
                  || weekday_of(d) == Sunday);
     }},
    {"59 23 * 3,10,11 MON-FRI", [&](auto& d, minutes m) {
       return m == 24h - 1min
              && (d.month() == March || d.month() == October
                  || d.month() == November)
              && weekday_of(d) != Sunday && weekday_of(d) != Saturday;
     }}};
  for (const auto* zone : {"UTC", "Europe/Berlin", "America/New_York",
                           "Australia/Lord_Howe", "Asia/Kathmandu"})
    for (const auto& [begin, end] :
         {std::pair{at(2026, 3, 5), at(2026, 4, 8)},
          std::pair{at(2026, 10, 1), at(2026, 11, 4)}})
      for (const auto& [expression, matches] : examples) {
        CAPTURE(zone);
        CAPTURE(expression);
        CHECK(all_fires(cron(expression, zone), begin, end)
              == brute_force(zone, begin, end, matches));
      }
}

TEST_CASE("a date that never comes is refused") {
  for (const auto* text : {"0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 30 2 ?"}) {
    const auto schedule = cron_schedule::parse(text);
    REQUIRE_MESSAGE(!schedule, text);
    CHECK(
      schedule.error().message
      == fmt::format("malformed schedule \"{}\": there is no such date", text));
    CHECK(!schedule.error().hint.empty());
  }
  CHECK(cron_schedule::parse("0 0 30 2 MON"));
}

TEST_CASE("a malformed expression is refused with what is wrong in it") {
  const std::vector<std::pair<std::string, std::string>> examples{
    {"", "0 fields instead of 5 or 6"},
    {"* * * *", "4 fields instead of 5 or 6"},
    {"* * * * * * *", "7 fields instead of 5 or 6"},
    {"@noon", "1 fields instead of 5 or 6"},
    {"60 * * * *", "minute 60 is out of range"},
    {"* 24 * * *", "hour 24 is out of range"},
    {"* * 0 * *", "day of month 0 is out of range"},
    {"* * * 13 *", "month 13 is out of range"},
    {"* * * * 8", "day of week 8 is out of range"},
    {"* * * * FOO", "malformed day of week \"FOO\""},
    {"5-1 * * * *", "minute range \"5-1\" is empty"},
    {"*/0 * * * *", "malformed minute \"*/0\""},
    {"1,,2 * * * *", "malformed minute \"\""},
    {"1- * * * *", "malformed minute \"\""},
    {"? * * * *", "malformed minute \"?\""},
    {"99999999999 * * * *", "malformed minute \"99999999999\""},
    {"-5 * * * *", "malformed minute \"\""},
    {"CRON_TZ=Moon/Base 0 * * * *", "unknown time zone \"Moon/Base\""}};
  for (const auto& [expression, reason] : examples) {
    const auto schedule = cron_schedule::parse(expression);
    REQUIRE_MESSAGE(!schedule, expression);
    CHECK(schedule.error().code == errc::invalid_argument);
    CHECK(schedule.error().message
          == fmt::format("malformed schedule \"{}\": {}", expression, reason));
    CHECK(!schedule.error().hint.empty());
  }
}
