#include "services/coordination/worker_queue.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

constexpr stream_table_id orders{1};
constexpr stream_table_id sales{2};

} // namespace

TEST_CASE("orders wait until a worker is idle") {
  worker_queue queue{1};
  const auto first = queue.add(orders, false);
  const auto second = queue.add(sales, false);
  CHECK(queue.take_next()->order == *first);
  CHECK_FALSE(queue.take_next());
  CHECK(queue.active() == 1);
  CHECK(queue.waiting() == 1);
  queue.finished(0);
  CHECK(queue.take_next()->order == *second);
}

TEST_CASE("an order that someone waits for goes first") {
  worker_queue queue{1};
  static_cast<void>(queue.add(orders, false));
  const auto urgent = queue.add(sales, true);
  CHECK(queue.take_next()->order == *urgent);
}

TEST_CASE("what can wait longest does, and is late after its deadline") {
  worker_queue queue{1};
  const worker_queue::time_point now{};
  const auto slow = queue.add(orders, false, now + 60s);
  const auto fast = queue.add(sales, false, now + 1s);
  CHECK(queue.late(now + 1s) == 0);
  CHECK(queue.late(now + 2s) == 1);
  CHECK(queue.late(now + 61s) == 2);
  CHECK(queue.take_next()->order == *fast);
  queue.finished(0);
  // It is not overtaken for ever.
  static_cast<void>(queue.add(sales, false, now + 61s));
  CHECK(queue.take_next()->order == *slow);
}

TEST_CASE("a table goes to the worker that had it last, when that is idle") {
  worker_queue queue{2};
  static_cast<void>(queue.add(orders, false));
  static_cast<void>(queue.add(sales, false));
  CHECK(queue.take_next()->worker == 0);
  CHECK(queue.take_next()->worker == 1);
  queue.finished(0);
  queue.finished(1);
  static_cast<void>(queue.add(sales, false));
  CHECK(queue.take_next()->worker == 1);
}

TEST_CASE("chores have no worker while orders wait") {
  worker_queue queue{1};
  CHECK(queue.take_idle_worker() == 0);
  CHECK_FALSE(queue.take_idle_worker());
  queue.finished(0);
  static_cast<void>(queue.add(orders, false));
  CHECK_FALSE(queue.take_idle_worker());
}

TEST_CASE("the queue has a bound") {
  worker_queue queue{1};
  for (std::size_t i = 0; i < worker_queue::max_waiting; ++i)
    REQUIRE(queue.add(orders, false));
  const auto more = queue.add(orders, false);
  REQUIRE_FALSE(more);
  CHECK(more.error().code == errc::overloaded);
}
