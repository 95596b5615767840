#include "services/scheduling/slack.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

scheduled_table table_with(schedule when,
                           std::optional<std::chrono::milliseconds> target_lag
                           = {}) {
  scheduled_table table;
  table.when = std::move(when);
  table.target_lag = target_lag;
  return table;
}

} // namespace

TEST_CASE("a refresh may wait as long as its schedule lets changes wait") {
  CHECK(slack_of(table_with(interval{0ms}), 1s) == 0ms);
  CHECK(slack_of(table_with(interval{10min}), 1s) == 10min);
  CHECK(slack_of(table_with(parse_schedule("0 5 * * *").value()), 1s) == 1min);
  CHECK(slack_of(table_with(calculated{}), 7s) == 7s);
}

TEST_CASE("a target lag makes a refresh more urgent, never less") {
  CHECK(slack_of(table_with(interval{10min}, 20s), 1s) == 20s);
  CHECK(slack_of(table_with(interval{10s}, 20s), 1s) == 10s);
}
