#include "actors/worker_budget.hpp"

#include "test/support/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

struct fixture : test::actor_fixture {
  using refresher_double = caf::typed_actor<caf::reacts_to<slot_wanted>,
                                            caf::reacts_to<slot_returned>>;

  fixture() { aut = spawn(worker_budget, context_ptr{context_}); }

  /// A refresher that wants and returns what it is told to.
  refresher_double refresher_of(oid database) {
    return spawn([this, database](refresher_double::pointer self)
                   -> refresher_double::behavior_type {
      return {
        [this, database, self](const slot_wanted& wanted) {
          self->request(aut, caf::infinite, wanted)
            .then([this, database](slot_granted) { ++granted[database]; });
        },
        [this, self](const slot_returned& returned) {
          self->send(aut, returned);
        },
      };
    });
  }

  void want(const refresher_double& refresher, oid database, int count) {
    for (int i = 0; i < count; ++i)
      caf::anon_send(refresher, slot_wanted{database, 0});
    settle();
  }

  void give_back(const refresher_double& refresher, oid database) {
    caf::anon_send(refresher, slot_returned{database});
    settle();
  }

  void tell(const workers_demanded& demanded) {
    caf::anon_send(aut, demanded);
    settle();
  }

  worker_budget_actor aut;
  std::map<oid, int> granted;
};

workers_demanded two_databases_here(std::uint32_t total) {
  return {"here", total, 2, {{"here", {{1, 1, 0}, {2, 1, 0}}}}, false};
}

} // namespace

TEST_CASE_FIXTURE(fixture, "all databases of a node share its workers") {
  tell(two_databases_here(2));
  const auto busy = refresher_of(1);
  const auto other = refresher_of(2);
  want(busy, 1, 5);
  CHECK(granted[1] == 2);
  want(other, 2, 1);
  CHECK(granted[2] == 0);
  give_back(busy, 1);
  CHECK(granted[1] == 2);
  CHECK(granted[2] == 1);
}

TEST_CASE_FIXTURE(fixture, "who waits for a lent worker gets its own within a "
                           "second, however long the refresh takes") {
  tell(two_databases_here(2));
  want(refresher_of(1), 1, 5);
  const auto other = refresher_of(2);
  want(other, 2, 1);
  CHECK(granted[2] == 0);
  advance(1s);
  CHECK(granted[2] == 1);
}

TEST_CASE_FIXTURE(fixture, "a refresher that dies returns its workers") {
  tell(two_databases_here(1));
  const auto dying = refresher_of(1);
  want(dying, 1, 1);
  const auto other = refresher_of(2);
  want(other, 2, 1);
  CHECK(granted[2] == 0);
  caf::anon_send_exit(dying, caf::exit_reason::kill);
  settle();
  CHECK(granted[2] == 1);
}

TEST_CASE_FIXTURE(fixture, "a refresher that was started again begins with "
                           "nothing, and what the former returns is not its") {
  tell(two_databases_here(1));
  const auto former = refresher_of(1);
  want(former, 1, 1);
  const auto next = refresher_of(1);
  want(next, 1, 2);
  CHECK(granted[1] == 2);
  give_back(former, 1);
  CHECK(granted[1] == 2);
  give_back(next, 1);
  CHECK(granted[1] == 3);
}

TEST_CASE_FIXTURE(fixture, "another node's demand leaves less, but never less "
                           "than the part of the databases") {
  auto demanded = two_databases_here(4);
  demanded.databases = 4;
  demanded.nodes.push_back({"there", {{3, 1, 9}, {4, 1, 9}}});
  tell(demanded);
  const auto busy = refresher_of(1);
  want(busy, 1, 9);
  CHECK(granted[1] == 1);
  const auto other = refresher_of(2);
  want(other, 2, 9);
  CHECK(granted[2] == 1);
  demanded.nodes.back().databases = {{3, 1, 1}, {4, 1, 0}};
  demanded.nodes.front().databases = {{1, 1, 9}, {2, 1, 9}};
  tell(demanded);
  CHECK(granted[1] + granted[2] == 3);
}

TEST_CASE_FIXTURE(fixture, "a node that is cut off lends nothing") {
  auto demanded = two_databases_here(4);
  demanded.is_cut_off = true;
  tell(demanded);
  want(refresher_of(1), 1, 9);
  CHECK(granted[1] == 2);
}

TEST_CASE_FIXTURE(fixture, "the node's own limit holds beside its share") {
  context_->max_workers = 1;
  tell(two_databases_here(4));
  want(refresher_of(1), 1, 9);
  CHECK(granted[1] == 1);
}
