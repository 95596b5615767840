#include "services/dashboard/board.hpp"

#include "test/support/eventually.hpp"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

namespace pgtrickle::test {

using namespace std::chrono_literals;
using dashboard::board;

TEST_CASE("whoever begins to look wakes the reader once") {
  board on;
  int woken = 0;
  on.wake_with([&] { ++woken; });
  CHECK_FALSE(on.is_looked_at());
  on.look();
  on.look();
  CHECK(woken == 1);
  CHECK(on.is_looked_at());
}

TEST_CASE("an edition is waited for, and has a number") {
  board on;
  CHECK(on.current(1ms) == nullptr);
  std::thread reader{[&] { on.publish({{"a", 1}}); }};
  const auto first = on.current(10s);
  reader.join();
  REQUIRE(first);
  CHECK(first->number == 1);
  CHECK(first->status["edition"] == 1);
  CHECK(on.newer_than(1, 1ms) == nullptr);
  on.publish({{"a", 2}});
  CHECK(on.newer_than(1, 1ms)->status["a"] == 2);
}

TEST_CASE("there are places for so many who follow, and they are given back") {
  const auto on = std::make_shared<board>();
  std::vector<std::shared_ptr<void>> places;
  for (int i = 0; i < board::max_followers; ++i) {
    places.push_back(board::follow(on));
    CHECK(places.back());
  }
  CHECK_FALSE(board::follow(on));
  places.pop_back();
  CHECK(board::follow(on));
}

} // namespace pgtrickle::test
