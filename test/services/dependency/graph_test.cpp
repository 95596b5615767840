#include "services/dependency/graph.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace pgtrickle;

namespace {

constexpr oid orders = 1;
constexpr oid by_day = 10;
constexpr oid by_week = 11;
constexpr oid by_branch = 12;
constexpr oid report = 13;

/// orders <- by_day <- by_week <- report, and orders <- by_branch <- report.
dependency_graph diamond() {
  dependency_graph graph;
  graph.set_sources(report, {by_week, by_branch});
  graph.set_sources(by_week, {by_day});
  graph.set_sources(by_branch, {orders});
  graph.set_sources(by_day, {orders});
  return graph;
}

using oids = std::vector<oid>;

bool is_before(const oids& order, oid a, oid b) {
  return std::find(order.begin(), order.end(), a)
         < std::find(order.begin(), order.end(), b);
}

} // namespace

TEST_CASE("a topological order has every source before what reads it") {
  const auto order = diamond().topological_order();
  CHECK(order.size() == 5);
  CHECK(is_before(order, orders, by_day));
  CHECK(is_before(order, by_day, by_week));
  CHECK(is_before(order, by_week, report));
  CHECK(is_before(order, by_branch, report));
}

TEST_CASE("ancestors and descendants are transitive and without the start") {
  const auto graph = diamond();
  CHECK(graph.ancestors(report)
        == std::set<oid>{orders, by_day, by_week, by_branch});
  CHECK(graph.descendants(by_day) == std::set<oid>{by_week, report});
  CHECK(graph.ancestors(orders).empty());
  CHECK(graph.descendants(999).empty());
}

TEST_CASE("members are ordered also by what lies between them") {
  CHECK(diamond().in_order({report, by_day}) == oids{by_day, report});
  dependency_graph graph;
  graph.set_sources(1, {2});
  graph.set_sources(2, {3});
  CHECK(graph.in_order({1, 3}) == oids{3, 1});
}

TEST_CASE("members without a path between them are separate batches") {
  const auto graph = diamond();
  CHECK(graph.connected_batches({by_day, by_branch})
        == std::vector<oids>{{by_day}, {by_branch}});
  CHECK(graph.connected_batches({by_day, by_branch, by_week})
        == std::vector<oids>{{by_day, by_week}, {by_branch}});
  CHECK(graph.connected_batches({}).empty());
}

TEST_CASE("members are one batch if only others lie between them") {
  CHECK(diamond().connected_batches({by_day, report})
        == std::vector<oids>{{by_day, report}});
}

TEST_CASE("a common dependant joins batches") {
  const auto batches
    = diamond().connected_batches({by_day, by_branch, by_week, report});
  REQUIRE(batches.size() == 1);
  CHECK(batches.front().size() == 4);
  CHECK(batches.front().back() == report);
}

TEST_CASE("new sources replace the former ones") {
  auto graph = diamond();
  graph.set_sources(report, {by_week});
  CHECK(graph.descendants(by_branch).empty());
  CHECK(graph.dependants_of(by_week) == std::set<oid>{report});
}

TEST_CASE("a removed relation is no longer reached through") {
  auto graph = diamond();
  graph.remove(by_week);
  CHECK(graph.descendants(by_day).empty());
  CHECK(graph.ancestors(report) == std::set<oid>{by_week, by_branch, orders});
}

TEST_CASE("a cycle is told by its path") {
  const auto name_of = [](oid relation) {
    return relation == by_day   ? "by_day"
           : relation == report ? "report"
                                : "by_week";
  };
  const auto graph = diamond();
  const oids closing{orders, report};
  const auto cycle = graph.cycle_if(by_day, closing);
  REQUIRE(cycle);
  CHECK(path_text(*cycle, name_of) == "by_day -> report -> by_week -> by_day");
}

TEST_CASE("a relation that reads itself is a cycle") {
  const oids itself{orders, by_day};
  CHECK(diamond().cycle_if(by_day, itself) == oids{by_day, by_day});
}

TEST_CASE("sources that do not lead back are no cycle") {
  const oids both{orders, by_branch};
  CHECK(!diamond().cycle_if(by_week, both));
}

TEST_CASE("a new query is judged without the former sources") {
  auto graph = diamond();
  const oids only_report{report};
  graph.set_sources(report, {by_branch});
  CHECK(!graph.cycle_if(by_week, only_report));
}

TEST_CASE("a long chain is ordered and searched") {
  dependency_graph graph;
  for (oid relation = 2; relation <= 5000; ++relation)
    graph.set_sources(relation, {relation - 1});
  CHECK(graph.topological_order().front() == 1);
  CHECK(graph.topological_order().back() == 5000);
  CHECK(graph.ancestors(5000).size() == 4999);
  const oids last{5000};
  CHECK(graph.cycle_if(1, last)->size() == 5001);
}
