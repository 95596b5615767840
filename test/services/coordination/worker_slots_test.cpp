#include "services/coordination/worker_slots.hpp"

#include <doctest/doctest.h>

#include <random>
#include <vector>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

constexpr worker_slots::time_point start{};

/// Lets `database` want `count` workers.
void want(worker_slots& slots, oid database, int count,
          worker_slots::time_point now = start, std::uint32_t quota = 0) {
  for (int i = 0; i < count; ++i)
    slots.want(database, quota, now);
}

std::vector<oid> granted(worker_slots& slots,
                         worker_slots::time_point now = start) {
  std::vector<oid> all;
  while (const auto next = slots.grant(now))
    all.push_back(*next);
  return all;
}

} // namespace

TEST_CASE("one database alone gets all workers of the node") {
  worker_slots slots;
  slots.limit({4, 2, 1, true});
  want(slots, 1, 6);
  CHECK(granted(slots).size() == 4);
  CHECK(slots.active(1) == 4);
  slots.give_back(1);
  CHECK(granted(slots).size() == 1);
}

TEST_CASE("a worker that comes back goes to who is below its quota") {
  worker_slots slots;
  slots.limit({2, 1, 1, true});
  want(slots, 1, 5);
  static_cast<void>(granted(slots));
  want(slots, 2, 1);
  CHECK(granted(slots).empty());
  slots.give_back(1);
  CHECK(granted(slots) == std::vector<oid>{2});
}

TEST_CASE("of more databases than workers, who has waited longest is next") {
  worker_slots slots;
  slots.limit({1, 1, 1, true});
  for (const oid database : {3, 1, 2})
    want(slots, database, 2);
  std::vector<oid> order;
  for (int i = 0; i < 6; ++i) {
    order.push_back(slots.grant(start).value());
    slots.give_back(order.back());
  }
  CHECK(order == std::vector<oid>{3, 1, 2, 3, 1, 2});
}

TEST_CASE("who waits for a lent worker gets another when its patience ends") {
  worker_slots slots;
  slots.limit({2, 1, 1, true});
  want(slots, 1, 5);
  static_cast<void>(granted(slots));
  want(slots, 2, 1);
  CHECK(granted(slots).empty());
  CHECK(slots.next_look(start) == start + worker_slots::patience);
  CHECK(granted(slots, start + worker_slots::patience) == std::vector<oid>{2});
  CHECK(slots.active() == 3);
  slots.give_back(1);
  CHECK(granted(slots, start + 1s).empty());
}

TEST_CASE("nobody gets a worker beyond all for what others have by right") {
  worker_slots slots;
  slots.limit({2, 1, 1, true});
  want(slots, 1, 1);
  want(slots, 2, 1);
  static_cast<void>(granted(slots));
  want(slots, 3, 1);
  CHECK(granted(slots, start + 1h).empty());
  CHECK_FALSE(slots.next_look(start));
}

TEST_CASE("nothing is lent while nothing is heard of others") {
  worker_slots slots;
  slots.limit({4, 4, 2, false});
  want(slots, 1, 5);
  CHECK(granted(slots).size() == 2);
}

TEST_CASE("a database's own quota takes the place of the equal one") {
  worker_slots slots;
  slots.limit({4, 4, 1, false});
  want(slots, 1, 5, start, 3);
  CHECK(granted(slots).size() == 3);
}

TEST_CASE("a guarantee holds though others' reports left the node less") {
  worker_slots slots;
  slots.limit({1, 3, 1, true});
  for (const oid database : {1, 2, 3, 4})
    want(slots, database, 2);
  CHECK(granted(slots) == std::vector<oid>{1, 2, 3});
}

TEST_CASE("who leaves gives all back") {
  worker_slots slots;
  slots.limit({1, 1, 1, true});
  want(slots, 1, 2);
  static_cast<void>(granted(slots));
  want(slots, 2, 1);
  slots.leave(1);
  CHECK(granted(slots) == std::vector<oid>{2});
  CHECK(slots.active() == 1);
}

TEST_CASE("whatever happens, the workers are bounded and nobody starves") {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    std::mt19937 random{seed};
    const auto share = 1 + seed % 6;
    const oid databases = 2 + seed % 9;
    worker_slots slots;
    slots.limit({share, share, (share + databases - 1) / databases, true});
    auto now = start;
    std::vector<oid> at_work;
    std::vector<int> waiting(databases, 0);
    // Database 0 always wants more than there is.
    want(slots, 0, 50, now);
    waiting[0] = 50;
    std::vector<int> passed_over(databases, 0);
    for (int step = 0; step < 400; ++step) {
      now += std::chrono::milliseconds{random() % 200};
      const auto who = static_cast<oid>(random() % databases);
      if (waiting[who] < 5) {
        want(slots, who, 1, now);
        ++waiting[who];
      }
      if (!at_work.empty()) {
        const auto ended = random() % at_work.size();
        slots.give_back(at_work[ended]);
        at_work.erase(at_work.begin() + static_cast<std::ptrdiff_t>(ended));
      }
      while (const auto next = slots.grant(now)) {
        at_work.push_back(*next);
        --waiting[*next];
        for (oid other = 0; other < databases; ++other)
          passed_over[other]
            = other == *next || waiting[other] == 0 || slots.active(other) > 0
                ? 0
                : passed_over[other] + 1;
      }
      CHECK(slots.active() == at_work.size());
      CHECK(slots.active() < 2 * share + 1);
      // All others come at most once before one that has no worker.
      for (const auto times : passed_over)
        CHECK(times <= static_cast<int>(databases));
    }
  }
}
