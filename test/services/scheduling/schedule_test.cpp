#include "services/scheduling/schedule.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace std::chrono_literals;

TEST_CASE("no schedule and the word calculated mean calculated") {
  CHECK(parse_schedule(std::nullopt) == schedule{calculated{}});
  CHECK(parse_schedule("calculated") == schedule{calculated{}});
  CHECK(parse_schedule(" CALCULATED ") == schedule{calculated{}});
}

TEST_CASE("a duration is an interval") {
  CHECK(parse_schedule("1h30m") == schedule{interval{90min}});
  CHECK(parse_schedule(" 5m ") == schedule{interval{5min}});
}

TEST_CASE("blanks and abbreviations make a cron expression") {
  const auto hourly = parse_schedule("@hourly");
  REQUIRE(hourly);
  CHECK(std::holds_alternative<cron_schedule>(*hourly));
  const auto berlin
    = parse_schedule("0 2 * * MON", {.time_zone = "Europe/Berlin"});
  REQUIRE(berlin);
  CHECK(std::get<cron_schedule>(*berlin).zone() == "Europe/Berlin");
  CHECK(*hourly != *berlin);
}

TEST_CASE("an interval below the minimum is refused") {
  const schedule_rules rules{.shortest_interval = 10s};
  CHECK(parse_schedule("10s", rules) == schedule{interval{10s}});
  const auto short_one = parse_schedule("9999ms", rules);
  REQUIRE(!short_one);
  CHECK(short_one.error().code == errc::invalid_argument);
  CHECK(short_one.error().message
        == "schedule \"9999ms\" is shorter than the minimum of 10s");
  CHECK(short_one.error().hint
        == "Use at least 10s, or lower pg_trickle.min_schedule_seconds.");
}

TEST_CASE("zero means as fresh as possible, unless the minimum was raised") {
  for (const auto* zero : {"0s", "0", "0ms", " 0s "}) {
    CAPTURE(zero);
    CHECK(parse_schedule(zero) == schedule{interval{0s}});
  }
  CHECK(is_unbounded(parse_schedule("0s").value()));
  CHECK(!is_unbounded(parse_schedule("1s").value()));
  CHECK(!is_unbounded(parse_schedule("calculated").value()));
  CHECK(!is_unbounded(parse_schedule("* * * * *").value()));
  CHECK(!parse_schedule("999ms"));
  const auto refused = parse_schedule("0s", {.shortest_interval = 2s});
  REQUIRE(!refused);
  CHECK(refused.error().message
        == "schedule \"0s\" is shorter than the minimum of 2s");
}

TEST_CASE("what is no schedule at all is refused with its text and a hint") {
  for (const auto* text : {"", "  ", "soon", "@noon", "* *", "5m 30s"}) {
    CAPTURE(text);
    const auto when = parse_schedule(text);
    REQUIRE(!when);
    CHECK(when.error().code == errc::invalid_argument);
    CHECK(when.error().message.starts_with("malformed schedule"));
    CHECK(when.error().hint.ends_with('.'));
  }
}

TEST_CASE("a schedule is rendered as it may be written") {
  CHECK(to_string(interval{90min}) == "1h30m");
  CHECK(to_string(calculated{}) == "calculated");
  CHECK(to_string(*parse_schedule("*/5 * * * *")) == "*/5 * * * *");
}
