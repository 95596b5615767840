#include "services/scheduling/duration.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace std::chrono_literals;

TEST_CASE("a duration is read unit by unit") {
  CHECK(parse_duration("30s") == 30s);
  CHECK(parse_duration("1h30m") == 90min);
  CHECK(parse_duration("2d") == 48h);
  CHECK(parse_duration("1w") == 168h);
  CHECK(parse_duration("500ms") == 500ms);
  CHECK(parse_duration("1w2d3h4m5s6ms") == 168h + 48h + 3h + 4min + 5s + 6ms);
  CHECK(parse_duration("0s") == 0s);
}

TEST_CASE("a bare number means seconds") {
  CHECK(parse_duration("90") == 90s);
  CHECK(parse_duration("0") == 0s);
}

TEST_CASE("what is no duration is refused with its text and a hint") {
  for (const auto* text : {"", "s", "abc", "-5s", "1.5h", "5 s", "5x", "1h30",
                           "30m1h", "1m1m", "5s ", "1hm", "+5s", "5S"}) {
    CAPTURE(text);
    const auto length = parse_duration(text);
    REQUIRE(!length);
    CHECK(length.error().code == errc::invalid_argument);
    CHECK(length.error().message
          == "malformed duration \"" + std::string{text} + "\"");
    CHECK(length.error().hint.ends_with('.'));
  }
}

TEST_CASE("a duration too long to reckon with is refused") {
  for (const auto* text : {"9223372036854775807w", "99999999999999999999s",
                           "3661d", "3660d1ms", "9223372036854775807ms"}) {
    CAPTURE(text);
    const auto length = parse_duration(text);
    REQUIRE(!length);
    CHECK(length.error().message
          == "duration \"" + std::string{text} + "\" is too long");
  }
  CHECK(parse_duration("3660d") == longest_duration);
}

TEST_CASE("a duration is rendered with the largest units first") {
  CHECK(render_duration(90min) == "1h30m");
  CHECK(render_duration(0s) == "0s");
  CHECK(render_duration(36h) == "1d12h");
  CHECK(render_duration(1500ms) == "1s500ms");
  CHECK(render_duration(168h) == "1w");
}

TEST_CASE("what is rendered is read as the same duration") {
  for (std::int64_t count = 1; count < longest_duration.count();
       count = count * 3 + 7) {
    const std::chrono::milliseconds length{count};
    CHECK(parse_duration(render_duration(length)) == length);
  }
}
