#include "services/scheduling/awaited_sources.hpp"

#include "test/services/scheduling/calendar_support.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace pgtrickle::test;

TEST_CASE("only sources of tables as fresh as possible are awaited") {
  CHECK(awaited_sources({}).empty());
  const std::vector tables{table(by_day, interval{0s}, {orders, branches}),
                           table(by_week, interval{1s}, {30000}),
                           table(by_year, calculated{}, {30001})};
  CHECK(awaited_sources(tables) == std::set<oid>{orders, branches});
}

TEST_CASE("what is read by way of calculated tables is awaited too") {
  const std::vector tables{
    table(by_day, calculated{}, {orders}),
    table(by_week, calculated{}, {relation(by_day), branches}),
    table(by_year, interval{0s}, {relation(by_week)}),
    table(by_branch, interval{1min}, {30000})};
  CHECK(
    awaited_sources(tables)
    == std::set<oid>{orders, branches, relation(by_day), relation(by_week)});
}

TEST_CASE("a table with a schedule of its own keeps its sources to itself") {
  const std::vector tables{
    table(by_day, interval{1min}, {orders}),
    table(by_year, interval{0s}, {relation(by_day), branches})};
  CHECK(awaited_sources(tables) == std::set<oid>{relation(by_day), branches});
}

TEST_CASE("a suspended table awaits nothing") {
  auto suspended = table(by_day, interval{0s}, {orders});
  suspended.active = false;
  CHECK(awaited_sources(std::vector{suspended}).empty());
}
