#include "test/services/scheduling/calendar_support.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace pgtrickle::test;

TEST_CASE("a cron table fires at its next slot after the touch") {
  auto calendar = calendar_with({table(by_day, cron("0 * * * *"), {orders})});
  touch(calendar, orders, at(150min));
  CHECK(calendar.next_due() == at(3h).steady);
  CHECK(calendar.take_due(at(3h)) == batches{{by_day}});
}

TEST_CASE("a slot between the last look and the touch is not lost") {
  auto calendar = calendar_with({table(by_day, cron("0 * * * *"), {orders})});
  touch(calendar, orders, at(1h - 1s));
  CHECK(calendar.take_due(at(1h + 100ms)) == batches{{by_day}});
  calendar.refreshed(by_day, at(1h + 100ms), true);
  touch(calendar, orders, at(1h - 1s));
  CHECK(calendar.next_due() == at(2h).steady);
}

TEST_CASE("a clock set backward does not use a slot twice") {
  auto calendar = calendar_with({table(by_day, cron("0 * * * *"), {orders})});
  touch(calendar, orders, at(30min));
  CHECK(calendar.take_due(at(1h)) == batches{{by_day}});
  calendar.refreshed(by_day, at(1h), true);
  const moment set_back{at(61min).steady, at(31min).wall};
  touch(calendar, orders, set_back);
  CHECK(calendar.take_due(set_back).empty());
  CHECK(calendar.next_due() == at(150min).steady);
}

TEST_CASE("a clock set forward over several slots fires once") {
  auto calendar = calendar_with({table(by_day, cron("0 * * * *"), {orders})});
  touch(calendar, orders, at(30min));
  CHECK(calendar.take_due(at(31min)).empty());
  const moment set_forward{at(32min).steady, at(5h + 30min).wall};
  CHECK(calendar.take_due(set_forward) == batches{{by_day}});
  calendar.refreshed(by_day, set_forward, true);
  touch(calendar, orders, set_forward);
  CHECK(calendar.next_due() == at(62min).steady);
}

TEST_CASE("a clock set backward during a refresh does not repeat its slot") {
  auto calendar = calendar_with({table(by_day, cron("0 * * * *"), {orders})});
  touch(calendar, orders, at(30min));
  CHECK(calendar.take_due(at(1h)) == batches{{by_day}});
  const moment set_back{at(61min).steady, at(31min).wall};
  calendar.refreshed(by_day, set_back, true);
  touch(calendar, orders, set_back);
  CHECK(calendar.take_due(set_back).empty());
  CHECK(calendar.next_due() == at(150min).steady);
}

TEST_CASE("used slots survive a manual refresh and a change of the table") {
  auto calendar = calendar_with({table(by_day, cron("0 * * * *"), {orders})});
  touch(calendar, orders, at(30min));
  CHECK(calendar.take_due(at(2h)) == batches{{by_day}});
  calendar.refreshed(by_day, at(2h), true);
  const moment set_back{at(121min).steady, at(31min).wall};
  CHECK(calendar.take({by_day}, set_back));
  calendar.refreshed(by_day, set_back, true);
  calendar.replace(table(by_day, cron("0 * * * *"), {branches}), set_back);
  CHECK(calendar.next_due() == at(270min).steady);
}

TEST_CASE("a slot is not used before the clock on the wall shows it") {
  auto calendar = calendar_with({table(by_day, cron("0 * * * *"), {orders})});
  touch(calendar, orders, at(30min));
  CHECK(calendar.take_due({at(1h).steady, at(1h - 8ms).wall}).empty());
  CHECK(calendar.next_due() == at(1h + 8ms).steady);
  CHECK(calendar.take_due({at(1h + 8ms).steady, at(1h).wall})
        == batches{{by_day}});
}

TEST_CASE("a later touch does not give up the slot of an earlier one") {
  auto calendar = calendar_with({table(by_day, cron("0 * * * *"), {orders})});
  touch(calendar, orders, at(59min));
  touch(calendar, orders, at(70min));
  CHECK(calendar.take_due(at(70min)) == batches{{by_day}});
}

TEST_CASE("a slot that passes while a source is refreshed is made up for") {
  auto calendar
    = calendar_with({table(by_day, interval{1min}, {orders}),
                     table(by_week, cron("0 * * * *"), {relation(by_day)})});
  touch(calendar, orders, at(1h - 1s));
  CHECK(calendar.take_due(at(1h - 1s)) == batches{{by_day}});
  calendar.refreshed(by_day, at(1h + 1s), true);
  CHECK(calendar.take_due(at(1h + 1s)) == batches{{by_week}});
}

TEST_CASE("a slot before anything changed is not made up for") {
  auto calendar
    = calendar_with({table(by_day, interval{1min}, {orders}),
                     table(by_week, interval{1min}, {relation(by_day)}),
                     table(by_year, cron("0 * * * *"), {relation(by_week)})});
  touch(calendar, orders, at(150min));
  CHECK(calendar.take_due(at(150min)) == batches{{by_day, by_week}});
  refresh(calendar, {by_day, by_week}, at(150min));
  CHECK(calendar.next_due() == at(3h).steady);
}

TEST_CASE("a cron table that was not attempted keeps its slot") {
  auto calendar = calendar_with({table(by_day, cron("0 * * * *"), {orders})});
  touch(calendar, orders, at(150min));
  CHECK(calendar.take({by_day}, at(160min)));
  calendar.released(by_day);
  CHECK(calendar.next_due() == at(3h).steady);
}

TEST_CASE("an interval does not care about the clock on the wall") {
  auto calendar = calendar_with({table(by_day, interval{1h}, {orders})});
  touch(calendar, orders, at(0s));
  CHECK(calendar.take_due({at(1min).steady, at(48h).wall}).empty());
  CHECK(calendar.next_due() == at(1h).steady);
}
