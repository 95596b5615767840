#include "actors/refresher.hpp"

#include "test/support/actor_fixture.hpp"

#include <doctest/doctest.h>

#include <deque>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

constexpr stream_table_id orders{1};

struct fixture : test::actor_fixture {
  using promise = caf::typed_response_promise<refresh_result>;
  using worker_double
    = refresh_worker_actor::extend<caf::reacts_to<test::inside>>;

  /// An order that a worker has begun.
  struct begun_order {
    worker_double worker;
    promise answer;
  };

  auto refresher_with(std::size_t workers) {
    auto spawn_worker = [this] {
      ++workers_started;
      return spawn(
        [this](worker_double::pointer self) -> worker_double::behavior_type {
          return {
            [this,
             self](const refresh_task& task) -> caf::result<refresh_result> {
              ++begun;
              if (task.ticket.id == "crash")
                throw std::logic_error("a bug");
              answers.push_back(
                {self, self->make_response_promise<refresh_result>()});
              return answers.back().answer;
            },
            [this](sweep_request) {
              ++sweeps;
              return sweep_report{0};
            },
            [](const test::inside& what) { what.act(); },
          };
        });
    };
    return spawn(refresher,
                 refresher_equipment{workers, 5, 0, spawn_worker,
                                     [this](worker_load l) { load = l; },
                                     budget(), [this] { return is_pressed; }});
  }

  /// Grants whatever is asked for.
  worker_budget_actor budget() {
    return spawn([this]() -> worker_budget_actor::behavior_type {
      return {
        [](const workers_demanded&) {},
        [this](const slot_wanted&) {
          ++granted;
          return slot_granted{};
        },
        [this](const slot_returned&) { ++returned; },
        [](pulse) {},
      };
    });
  }

  void order(const refresher_actor& aut, const std::string& call_id = "") {
    spawn([this, aut, call_id](caf::event_based_actor* self) {
      const refresh_task task{{{orders}}, call_ticket{call_id}};
      self->request(aut, caf::infinite, task)
        .then(
          [this](const refresh_result& result) { results.push_back(result); });
    });
    settle();
  }

  void answer(const refresh_result& result) {
    const auto keep = [promise = answers.front().answer, result]() mutable {
      promise.deliver(result);
    };
    caf::anon_send(answers.front().worker, test::inside{keep});
    answers.pop_front();
    settle();
  }

  static refresh_result done(const std::string& action) {
    engine::refresh_outcome outcome;
    outcome.id = orders;
    outcome.action = action;
    return {std::vector{outcome}, {}};
  }

  std::deque<begun_order> answers;
  std::vector<refresh_result> results;
  worker_load load;
  int begun = 0;
  int sweeps = 0;
  int workers_started = 0;
  int granted = 0;
  int returned = 0;
  bool is_pressed = false;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "no more orders run than there are workers") {
  auto aut = refresher_with(2);
  for (int i = 0; i < 3; ++i)
    order(aut);
  CHECK(begun == 2);
  CHECK(load.active == 2);
  CHECK(load.waiting == 1);
  answer(done("NO_DATA"));
  CHECK(begun == 3);
  CHECK(results.size() == 1);
}

TEST_CASE_FIXTURE(fixture, "a serialization failure is retried once") {
  auto aut = refresher_with(1);
  order(aut);
  const refresh_result conflict{
    tl::unexpected(failure{errc::serialization_failure, "conflict"}), {}};
  answer(conflict);
  CHECK(begun == 2);
  CHECK(results.empty());
  answer(conflict);
  CHECK(begun == 2);
  REQUIRE(results.size() == 1);
  CHECK_FALSE(results[0].outcomes);
}

TEST_CASE_FIXTURE(fixture, "buffers are swept after changes were consumed, and "
                           "not when idle") {
  auto aut = refresher_with(1);
  order(aut);
  answer(done("NO_DATA"));
  advance(1min);
  CHECK(sweeps == 0);
  order(aut);
  answer(done("DIFFERENTIAL"));
  advance(10s);
  CHECK(sweeps == 1);
  advance(1min);
  CHECK(sweeps == 1);
}

TEST_CASE_FIXTURE(fixture, "a worker that dies costs its order only") {
  auto aut = refresher_with(1);
  order(aut, "crash");
  REQUIRE(results.size() == 1);
  REQUIRE_FALSE(results[0].outcomes);
  CHECK(results[0].outcomes.error().code == errc::invariant_violated);
  CHECK(workers_started == 1);
  order(aut);
  CHECK(workers_started == 2);
  answer(done("NO_DATA"));
  CHECK(results.size() == 2);
}

TEST_CASE_FIXTURE(fixture, "each order takes a slot and returns it") {
  auto aut = refresher_with(1);
  for (int i = 0; i < 2; ++i)
    order(aut);
  CHECK(granted == 1);
  answer(done("NO_DATA"));
  CHECK(granted == 2);
  CHECK(returned == 1);
  order(aut, "crash");
  answer(done("NO_DATA"));
  CHECK(granted == 3);
  CHECK(returned == 3);
}

TEST_CASE_FIXTURE(fixture, "workers start when needed and end when idle") {
  auto aut = refresher_with(2);
  CHECK(workers_started == 0);
  order(aut);
  answer(done("NO_DATA"));
  advance(1s);
  order(aut);
  answer(done("NO_DATA"));
  CHECK(workers_started == 1);
  for (int i = 0; i < 20; ++i)
    advance(1s);
  order(aut);
  CHECK(workers_started == 2);
}

TEST_CASE_FIXTURE(fixture, "idle workers make room when connections lack") {
  auto aut = refresher_with(1);
  order(aut);
  is_pressed = true;
  advance(1s);
  CHECK(results.empty());
  answer(done("NO_DATA"));
  advance(1s);
  order(aut);
  CHECK(workers_started == 2);
}
