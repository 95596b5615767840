#include "services/query/join_order.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

/// The leaves in the order in which they are joined.
std::vector<std::size_t> whole(const join_order& order, std::size_t count) {
  std::vector<bool> done(count);
  std::vector<std::size_t> result{order.first()};
  done[result.front()] = true;
  while (result.size() < count) {
    result.push_back(order.next(done));
    done[result.back()] = true;
  }
  return result;
}

/// `leaf` refers to the key of `other`, its first column.
void refer(join_order& order, std::size_t leaf, std::size_t other) {
  order.equate(other, 0, leaf);
  order.equate(leaf, 1 + other, other);
  std::vector<bool> both(10);
  both[leaf] = both[other] = true;
  order.connect(both);
}

} // namespace

TEST_CASE("leaves without conditions of their own are joined as written") {
  join_order order{{{.key = {0}}, {.key = {0}}, {.key = {0}}}};
  refer(order, 1, 0);
  refer(order, 2, 1);
  CHECK(whole(order, 3) == std::vector<std::size_t>{0, 1, 2});
}

TEST_CASE("the selection that refers to nothing leads to what refers to it") {
  // lines, orders, suppliers, nations
  join_order order{{{.key = {0}}, {.key = {0}}, {.key = {0}}, {.key = {0}}}};
  refer(order, 0, 1);
  refer(order, 0, 2);
  refer(order, 2, 3);
  order.select(1, 0.05);
  order.select(3, 0.3);
  CHECK(whole(order, 4) == std::vector<std::size_t>{1, 0, 2, 3});
  // Customers make orders a table that refers to another one.
  join_order larger{
    {{.key = {0}}, {.key = {0}}, {.key = {0}}, {.key = {0}}, {.key = {0}}}};
  refer(larger, 0, 1);
  refer(larger, 0, 2);
  refer(larger, 2, 3);
  refer(larger, 1, 4);
  larger.select(1, 0.05);
  larger.select(3, 0.3);
  CHECK(whole(larger, 5) == std::vector<std::size_t>{3, 2, 0, 1, 4});
}

TEST_CASE("a leaf that is found by its key comes before one with many rows") {
  // orders, lines, customers
  join_order order{{{.key = {0}}, {.key = {0}}, {.key = {0}}}};
  refer(order, 1, 0);
  refer(order, 0, 2);
  order.select(0, 0.3);
  CHECK(whole(order, 3) == std::vector<std::size_t>{0, 2, 1});
}

TEST_CASE("a leaf without any condition comes last") {
  join_order order{{{.key = {0}}, {.key = {0}}, {.key = {0}}}};
  refer(order, 2, 0);
  CHECK(whole(order, 3) == std::vector<std::size_t>{0, 2, 1});
}
