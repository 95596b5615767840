#include "test/services/scheduling/calendar_support.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace pgtrickle::test;

TEST_CASE("a table of whose sources none changed is never due") {
  auto calendar = calendar_with({table(by_day, interval{1min}, {orders})});
  CHECK(calendar.take_due(at(1000h)).empty());
  CHECK(!calendar.next_due());
}

TEST_CASE("a touched table is due when its data reach the interval's age") {
  auto calendar = calendar_with({table(by_day, interval{1min}, {orders})});
  touch(calendar, orders, at(10s));
  CHECK(calendar.next_due() == at(1min).steady);
  CHECK(calendar.take_due(at(1min - 1ns)).empty());
  CHECK(calendar.take_due(at(1min)) == batches{{by_day}});
}

TEST_CASE("a touch of another relation does not concern a table") {
  auto calendar = calendar_with({table(by_day, interval{1min}, {orders})});
  touch(calendar, branches, at(10s));
  CHECK(!calendar.next_due());
}

TEST_CASE("data older than the interval are due at the first touch") {
  auto calendar = calendar_with({table(by_day, interval{1min}, {orders})});
  touch(calendar, orders, at(1h));
  CHECK(calendar.take_due(at(1h)) == batches{{by_day}});
}

TEST_CASE("a table that was loaded counts as touched") {
  refresh_calendar calendar{{}};
  auto loaded = table(by_day, interval{1min}, {orders});
  loaded.age = 40s;
  calendar.load({loaded}, at(0s));
  CHECK(calendar.next_due() == at(20s).steady);
}

TEST_CASE("loading the same tables again changes nothing") {
  const std::vector tables{table(by_day, interval{1min}, {orders})};
  auto calendar = calendar_with(tables);
  calendar.load(tables, at(2min));
  CHECK(!calendar.next_due());
}

TEST_CASE("a table that is not among the loaded ones is forgotten") {
  auto calendar = calendar_with({table(by_day, interval{1min}, {orders}),
                                 table(by_branch, interval{1min}, {orders})});
  touch(calendar, orders, at(0s));
  calendar.load({table(by_branch, interval{1min}, {orders})}, at(1s));
  CHECK(calendar.take_due(at(1min)) == batches{{by_branch}});
}

TEST_CASE("a table that was never populated is due at once") {
  refresh_calendar calendar{{}};
  auto fresh = table(by_day, cron("0 0 1 1 *"), {orders});
  fresh.populated = false;
  fresh.age.reset();
  calendar.replace(fresh, at(0s));
  CHECK(calendar.take_due(at(0s)) == batches{{by_day}});
  calendar.refreshed(by_day, at(0s), true);
  CHECK(calendar.take_due(at(1h)).empty());
}

TEST_CASE("a table that depends on time is due each interval") {
  auto always = table(by_day, interval{1min}, {orders});
  always.always = true;
  auto calendar = calendar_with({always});
  for (int i = 1; i < 4; ++i) {
    CHECK(calendar.take_due(at(i * 1min)) == batches{{by_day}});
    calendar.refreshed(by_day, at(i * 1min), false);
  }
}

TEST_CASE("what is to be as fresh as possible is due at the first touch, and "
          "then after a moment in which changes gather") {
  auto calendar = calendar_with({table(by_day, interval{0s}, {orders})});
  touch(calendar, orders, at(10s));
  CHECK(calendar.take_due(at(10s)) == batches{{by_day}});
  touch(calendar, orders, at(10s + 1ms));
  calendar.refreshed(by_day, at(10s), true, 4ms);
  CHECK(calendar.take_due(at(10s + 19ms)).empty());
  CHECK(calendar.take_due(at(10s + 20ms)) == batches{{by_day}});
  calendar.refreshed(by_day, at(10s + 20ms), true, 4ms);
  CHECK(!calendar.next_due());
}

TEST_CASE("as fresh as possible takes half of a worker at most") {
  auto calendar = calendar_with({table(by_day, interval{0s}, {orders})});
  touch(calendar, orders, at(10s));
  CHECK(calendar.take_due(at(10s)) == batches{{by_day}});
  touch(calendar, orders, at(11s));
  calendar.refreshed(by_day, at(10s), true, 3s);
  CHECK(calendar.next_due() == at(16s).steady);
}

TEST_CASE("as fresh as possible is no endless loop for what depends on time") {
  auto always = table(by_day, interval{0s}, {orders});
  always.always = true;
  auto calendar = calendar_with({always});
  CHECK(calendar.next_due() == at(5s).steady);
}

TEST_CASE("a suspended table waits until it is active again") {
  auto suspended = table(by_day, interval{1min}, {orders});
  suspended.active = false;
  auto calendar = calendar_with({suspended});
  touch(calendar, orders, at(0s));
  CHECK(!calendar.next_due());
  suspended.active = true;
  calendar.replace(suspended, at(2min));
  CHECK(calendar.take_due(at(3min)) == batches{{by_day}});
}

TEST_CASE("tables that do not depend on each other are separate batches") {
  auto calendar = calendar_with({table(by_day, interval{1min}, {orders}),
                                 table(by_branch, interval{1min}, {orders})});
  touch(calendar, orders, at(0s));
  CHECK(calendar.take_due(at(1min)) == batches{{by_day}, {by_branch}});
}

TEST_CASE("what is due downstream joins the batch of its source") {
  auto calendar
    = calendar_with({table(by_year, interval{30s}, {relation(by_week)}),
                     table(by_week, interval{1min}, {relation(by_day)}),
                     table(by_day, interval{1min}, {orders})});
  touch(calendar, orders, at(0s));
  CHECK(calendar.take_due(at(1min)) == batches{{by_day, by_week, by_year}});
}

TEST_CASE("what is not due downstream follows later") {
  auto calendar
    = calendar_with({table(by_day, interval{1min}, {orders}),
                     table(by_week, interval{10min}, {relation(by_day)})});
  touch(calendar, orders, at(0s));
  CHECK(calendar.take_due(at(1min)) == batches{{by_day}});
  calendar.refreshed(by_day, at(1min), true);
  CHECK(calendar.next_due() == at(10min).steady);
  CHECK(calendar.take_due(at(10min)) == batches{{by_week}});
}

TEST_CASE("a source without changes leaves what reads it alone") {
  auto calendar
    = calendar_with({table(by_day, interval{1min}, {orders}),
                     table(by_week, interval{10min}, {relation(by_day)})});
  touch(calendar, orders, at(0s));
  CHECK(calendar.take_due(at(1min)) == batches{{by_day}});
  calendar.refreshed(by_day, at(1min), false);
  CHECK(!calendar.next_due());
}

TEST_CASE("a calculated table is due with the first that needs it") {
  auto calendar
    = calendar_with({table(by_day, calculated{}, {orders}),
                     table(by_week, interval{10min}, {relation(by_day)}),
                     table(by_year, interval{2min}, {relation(by_day)})});
  touch(calendar, orders, at(0s));
  CHECK(calendar.next_due() == at(2min).steady);
  CHECK(calendar.take_due(at(2min)) == batches{{by_day, by_year}});
  refresh(calendar, {by_day, by_year}, at(2min));
  CHECK(calendar.take_due(at(10min)) == batches{{by_week}});
}

TEST_CASE("a chain of calculated tables is due with its end") {
  auto calendar
    = calendar_with({table(by_day, calculated{}, {orders}),
                     table(by_week, calculated{}, {relation(by_day)}),
                     table(by_year, interval{3min}, {relation(by_week)})});
  touch(calendar, orders, at(0s));
  CHECK(calendar.next_due() == at(3min).steady);
  CHECK(calendar.take_due(at(3min)) == batches{{by_day, by_week, by_year}});
}

TEST_CASE("a calculated table that nobody reads has the default interval") {
  auto calendar = calendar_with({table(by_day, calculated{}, {orders})});
  touch(calendar, orders, at(0s));
  CHECK(calendar.next_due() == at(5s).steady);
}

TEST_CASE("a calculated table follows a change of what reads it") {
  auto calendar
    = calendar_with({table(by_day, calculated{}, {orders}),
                     table(by_week, interval{10min}, {relation(by_day)})});
  touch(calendar, orders, at(0s));
  calendar.replace(table(by_week, interval{7min}, {relation(by_day)}), at(0s));
  CHECK(calendar.next_due() == at(7min).steady);
  calendar.remove(by_week);
  CHECK(calendar.next_due() == at(5s).steady);
}

TEST_CASE("a calculated table does not follow a suspended one") {
  auto suspended = table(by_week, interval{10min}, {relation(by_day)});
  suspended.active = false;
  auto calendar
    = calendar_with({table(by_day, calculated{}, {orders}), suspended});
  touch(calendar, orders, at(0s));
  CHECK(calendar.next_due() == at(5s).steady);
}

TEST_CASE("a calculated table is due at once for a table without data") {
  auto empty = table(by_week, calculated{}, {relation(by_day)});
  empty.populated = false;
  auto calendar
    = calendar_with({table(by_day, calculated{}, {orders}),
                     table(by_year, interval{10min}, {relation(by_week)})});
  touch(calendar, orders, at(1s));
  calendar.replace(empty, at(1s));
  CHECK(calendar.take_due(at(1s)) == batches{{by_day, by_week}});
}

TEST_CASE("a calculated table forgets what no longer reads it") {
  auto calendar
    = calendar_with({table(by_day, calculated{}, {orders}),
                     table(by_week, interval{10min}, {relation(by_day)})});
  touch(calendar, orders, at(0s));
  calendar.replace(table(by_week, interval{10min}, {branches}), at(0s));
  CHECK(calendar.next_due() == at(5s).steady);
}

TEST_CASE("a table that was initialised again is loaded without effect") {
  auto stale = table(by_day, interval{1min}, {orders});
  stale.needs_reinit = true;
  auto calendar = calendar_with({stale});
  stale.needs_reinit = false;
  calendar.load({stale}, at(2min));
  CHECK(!calendar.next_due());
}
