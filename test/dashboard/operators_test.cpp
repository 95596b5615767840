#include "services/dashboard/operators.hpp"

#include "services/query/plan.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

namespace {

plan_ptr node(operation what) {
  return std::make_shared<const plan>(plan{std::move(what), {}});
}

std::string listed(const plan& of) {
  std::string text;
  for (const auto& one : dashboard::operators_in(shape_of(of)))
    text += std::string(one.depth, '.') + one.name
            + (one.relation ? " " + std::to_string(*one.relation) : "") + "\n";
  return text;
}

} // namespace

TEST_CASE("the operators of a plan are told without its expressions") {
  const auto left = node(scan{17, "orders", {}});
  const auto right
    = node(filter{node(scan{4711, "customers", {}}), "i.c1 = 'secret'"});
  const auto both
    = node(outer_join{left, right, "l.c1 = r.c1", true, false, {}});
  const auto root = node(union_all{{node(distinct{both}), left}});
  CHECK(listed(*root)
        == "union all\n.distinct\n..left join\n...scan 17\n...filter\n"
           "....scan 4711\n.scan 17\n");
}

TEST_CASE("a literal with lines of its own hides no operator") {
  const auto root = node(filter{node(distinct{node(scan{17, "orders", {}})}),
                                "i.c1 = 'a\nscan 4711: x'"});
  CHECK(listed(*root) == "filter\n.distinct\n..scan 17\n");
}

TEST_CASE("what is no shape has an end") {
  CHECK(dashboard::operators_in("").empty());
  CHECK(dashboard::operators_in("scan 1").size() == 1);
  CHECK(dashboard::operators_in("what\n99999999999999999999 inputs\nis").size()
        == 1);
  CHECK(dashboard::operators_in("distinct\n2 inputs\n").size() == 1);
}

} // namespace pgtrickle::test
