#include "services/scheduling/slack.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace std::chrono_literals;

TEST_CASE("a refresh may wait as long as its schedule lets changes wait") {
  CHECK(slack_of(interval{0ms}, 1s) == 0ms);
  CHECK(slack_of(interval{10min}, 1s) == 10min);
  CHECK(slack_of(parse_schedule("0 5 * * *").value(), 1s) == 1min);
  CHECK(slack_of(calculated{}, 7s) == 7s);
}
