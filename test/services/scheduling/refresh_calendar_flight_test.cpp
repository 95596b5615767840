#include "test/services/scheduling/calendar_support.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace pgtrickle::test;

namespace {

/// orders <- by_day <- by_week <- by_year, each due every minute.
refresh_calendar calendar_with_chain() {
  return calendar_with(
    {table(by_day, interval{1min}, {orders}),
     table(by_week, interval{1min}, {relation(by_day)}),
     table(by_year, interval{1min}, {relation(by_week), branches})});
}

} // namespace

TEST_CASE("a table in flight is not handed out again") {
  auto calendar = calendar_with({table(by_day, interval{1min}, {orders})});
  touch(calendar, orders, at(0s));
  CHECK(calendar.take_due(at(1min)) == batches{{by_day}});
  CHECK(calendar.take_due(at(1h)).empty());
}

TEST_CASE("a touch during the flight makes a table pending afterwards") {
  auto calendar = calendar_with({table(by_day, interval{1min}, {orders})});
  touch(calendar, orders, at(0s));
  CHECK(calendar.take_due(at(1min)) == batches{{by_day}});
  touch(calendar, orders, at(61s));
  CHECK(!calendar.next_due());
  calendar.refreshed(by_day, at(1min), true);
  CHECK(calendar.next_due() == at(2min).steady);
}

TEST_CASE("a table whose ancestor is in flight waits") {
  auto calendar = calendar_with_chain();
  CHECK(calendar.take({by_day}, at(1min)));
  touch(calendar, branches, at(1min));
  CHECK(calendar.take_due(at(2min)).empty());
  CHECK(!calendar.next_due());
  calendar.refreshed(by_day, at(2min), false);
  CHECK(calendar.take_due(at(2min)) == batches{{by_year}});
}

TEST_CASE("a table whose descendant is in flight waits") {
  auto calendar = calendar_with_chain();
  CHECK(calendar.take({by_year}, at(1min)));
  touch(calendar, orders, at(1min));
  CHECK(calendar.take_due(at(2min)).empty());
  calendar.refreshed(by_year, at(2min), false);
  CHECK(calendar.take_due(at(2min)) == batches{{by_day, by_week}});
}

TEST_CASE("a table waiting for a flight keeps waiting when touched again") {
  auto calendar = calendar_with_chain();
  CHECK(calendar.take({by_year}, at(1min)));
  touch(calendar, orders, at(1min));
  CHECK(calendar.take_due(at(2min)).empty());
  touch(calendar, orders, at(2min));
  CHECK(!calendar.next_due());
}

TEST_CASE("a table waits together with a source that waits") {
  auto calendar = calendar_with(
    {table(by_day, interval{1min}, {orders}),
     table(by_week, interval{1min}, {relation(by_day), branches}),
     table(by_year, interval{1min}, {relation(by_day)})});
  CHECK(calendar.take({by_year}, at(1min)));
  touch(calendar, orders, at(1min));
  touch(calendar, branches, at(1min));
  CHECK(calendar.take_due(at(2min)).empty());
  calendar.refreshed(by_year, at(1min), true);
  CHECK(calendar.take_due(at(2min)) == batches{{by_day, by_week, by_year}});
}

TEST_CASE("a table removed in flight no longer holds others up") {
  auto calendar = calendar_with_chain();
  CHECK(calendar.take({by_year}, at(1min)));
  touch(calendar, orders, at(1min));
  CHECK(calendar.take_due(at(2min)).empty());
  calendar.remove(by_year);
  CHECK(calendar.take_due(at(2min)) == batches{{by_day, by_week}});
  calendar.refreshed(by_year, at(2min), true);
}

TEST_CASE("a refreshed batch leaves none of its tables pending") {
  auto calendar = calendar_with_chain();
  touch(calendar, orders, at(0s));
  CHECK(calendar.take_due(at(1min)) == batches{{by_day, by_week, by_year}});
  refresh(calendar, {by_day, by_week, by_year}, at(1min));
  CHECK(!calendar.next_due());
}

TEST_CASE("a failed table is retried after a delay that grows") {
  auto calendar = calendar_with({table(by_day, interval{1s}, {orders})});
  touch(calendar, orders, at(0s));
  auto now = at(1s);
  for (const auto delay : {1s, 2s, 4s, 8s}) {
    CHECK(calendar.take_due(now) == batches{{by_day}});
    calendar.failed(by_day, now, 0.5);
    const auto next = moment{now.steady + delay, now.wall + delay};
    CHECK(calendar.next_due() == next.steady);
    now = next;
  }
}

TEST_CASE("a success makes the delays start from the first again") {
  auto calendar = calendar_with({table(by_day, interval{1s}, {orders})});
  touch(calendar, orders, at(0s));
  for (const auto now : {1s, 2s}) {
    CHECK(calendar.take_due(at(now)) == batches{{by_day}});
    calendar.failed(by_day, at(now), 0.5);
  }
  CHECK(calendar.take_due(at(4s)) == batches{{by_day}});
  calendar.refreshed(by_day, at(4s), true);
  touch(calendar, orders, at(4s));
  CHECK(calendar.take_due(at(5s)) == batches{{by_day}});
  calendar.failed(by_day, at(5s), 0.5);
  CHECK(calendar.next_due() == at(6s).steady);
}

TEST_CASE("a changed definition is tried without delay") {
  auto calendar = calendar_with({table(by_day, interval{1s}, {orders})});
  touch(calendar, orders, at(0s));
  CHECK(calendar.take_due(at(1s)) == batches{{by_day}});
  calendar.failed(by_day, at(1s), 0.5);
  auto changed = table(by_day, interval{1s}, {branches});
  changed.populated = false;
  calendar.replace(changed, at(1s));
  CHECK(calendar.take_due(at(1s)) == batches{{by_day}});
}

TEST_CASE("a failed cron table is retried without waiting for its next slot") {
  auto calendar = calendar_with({table(by_day, cron("0 0 * * *"), {orders})});
  touch(calendar, orders, at(0s));
  CHECK(calendar.take_due(at(14h)) == batches{{by_day}});
  calendar.failed(by_day, at(14h), 0.5);
  CHECK(calendar.next_due() == at(14h + 1s).steady);
}

TEST_CASE("a table that was not attempted is due again at once") {
  auto calendar = calendar_with_chain();
  touch(calendar, orders, at(0s));
  CHECK(calendar.take_due(at(1min)) == batches{{by_day, by_week, by_year}});
  calendar.failed(by_day, at(1min), 0.5);
  calendar.released(by_week);
  calendar.released(by_year);
  CHECK(calendar.take_due(at(1min)) == batches{{by_week, by_year}});
  CHECK(calendar.take_due(at(61s)).empty());
  refresh(calendar, {by_week, by_year}, at(61s), false);
  CHECK(calendar.take_due(at(61s)) == batches{{by_day}});
}

TEST_CASE("a manual refresh brings what is stale upstream along") {
  auto calendar = calendar_with_chain();
  CHECK(calendar.order_for(by_year) == refresh_calendar::batch{by_year});
  touch(calendar, orders, at(0s));
  CHECK(calendar.order_for(by_year)
        == refresh_calendar::batch{by_day, by_week, by_year});
  CHECK(calendar.order_for(by_day) == refresh_calendar::batch{by_day});
  CHECK(calendar.order_for(stream_table_id{99}).empty());
}

TEST_CASE("a manual refresh leaves suspended tables upstream alone") {
  auto suspended = table(by_day, interval{1min}, {orders});
  suspended.active = false;
  auto calendar = calendar_with(
    {suspended, table(by_week, interval{1min}, {relation(by_day)})});
  touch(calendar, orders, at(0s));
  CHECK(calendar.order_for(by_week) == refresh_calendar::batch{by_week});
  CHECK(calendar.order_for(by_day) == refresh_calendar::batch{by_day});
}

TEST_CASE("a manual refresh is not handed out beside a connected flight") {
  auto calendar = calendar_with_chain();
  CHECK(calendar.take({by_day}, at(0s)));
  CHECK_FALSE(calendar.take({by_year}, at(0s)));
  CHECK_FALSE(calendar.take({by_day}, at(0s)));
  calendar.refreshed(by_day, at(0s), false);
  CHECK(calendar.take({by_year}, at(0s)));
}

TEST_CASE("a manual refresh counts for the schedule") {
  auto calendar = calendar_with({table(by_day, interval{1min}, {orders})});
  touch(calendar, orders, at(0s));
  CHECK(calendar.take(calendar.order_for(by_day), at(50s)));
  calendar.refreshed(by_day, at(50s), true);
  CHECK(!calendar.next_due());
  touch(calendar, orders, at(55s));
  CHECK(calendar.next_due() == at(110s).steady);
}
