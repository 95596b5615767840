#include "actors/scheduler.hpp"

#include "test/support/actor_fixture.hpp"

#include <caf/typed_response_promise.hpp>
#include <doctest/doctest.h>

#include <deque>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

constexpr stream_table_id by_day{1};
constexpr stream_table_id by_year{2};
constexpr oid orders = 100;

stream_table_entry entry_of(stream_table_id id, const std::string& schedule,
                            std::vector<oid> sources) {
  stream_table_entry entry;
  entry.id = id;
  entry.relid = 200 + static_cast<oid>(id);
  entry.name = "t";
  entry.schedule = schedule;
  entry.refresh_mode = "AUTO";
  entry.status = "ACTIVE";
  entry.is_populated = true;
  entry.age = 0ms;
  entry.sources = std::move(sources);
  return entry;
}

struct fixture : test::actor_fixture {
  using promise = caf::typed_response_promise<refresh_result>;
  using refresher_double
    = refresher_actor::extend<caf::reacts_to<test::inside>>;

  fixture() {
    // Keeps the orders until the test answers them.
    refresher = spawn([this](refresher_double::pointer self)
                        -> refresher_double::behavior_type {
      return {
        [this, self](const refresh_task& task) -> caf::result<refresh_result> {
          tasks.push_back(task);
          answers.push_back(self->make_response_promise<refresh_result>());
          return answers.back();
        },
        [](sweep_due) {},
        [](rest_due) {},
        [](const test::inside& what) { what.act(); },
      };
    });
    aut = spawn(scheduler, config::settings{}, refresher,
                context_->metrics->database(5, "db"),
                awaiting_listener{[this](sources_awaited sources) {
                  awaited.push_back(std::move(sources.sources));
                }});
  }

  void list(std::vector<stream_table_entry> tables,
            catalog_moment read_at = {}) {
    caf::anon_send(aut, stream_tables_listed{{std::move(tables), read_at}});
    settle();
  }

  /// What the refresher says of the oldest order that it has not answered.
  void answer(std::optional<failure> error = {},
              const std::string& status = "ACTIVE") {
    std::vector<engine::refresh_outcome> outcomes;
    for (const auto id : tasks.at(answered).order.tables) {
      engine::refresh_outcome outcome;
      outcome.id = id;
      outcome.action = "DIFFERENTIAL";
      outcome.rows_inserted = 1;
      outcome.error = error;
      outcome.status = status;
      outcomes.push_back(outcome);
    }
    const moment began{now(), std::chrono::system_clock::now()};
    const refresh_result result{std::move(outcomes), began};
    const auto keep = [promise = answers.at(answered++), result]() mutable {
      promise.deliver(result);
    };
    caf::anon_send(refresher, test::inside{keep});
    settle();
  }

  /// Asks for a refresh, as the registrar does.
  void wish(stream_table_id id,
            engine::initiator by = engine::initiator::manual) {
    spawn([this, id, by](caf::event_based_actor* self) {
      self
        ->request(aut, caf::infinite, refresh_request{id, by, call_ticket{"c"}})
        .then([this](const call_outcome& got) { outcomes.push_back(got); });
    });
    settle();
  }

  refresher_double refresher;
  scheduler_actor aut;
  std::vector<std::set<oid>> awaited;
  std::vector<refresh_task> tasks;
  std::deque<promise> answers;
  std::size_t answered = 0;
  std::vector<call_outcome> outcomes;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a touched table is refreshed when its interval is "
                           "over, and an untouched one never") {
  list({entry_of(by_day, "10s", {orders})});
  advance(10s);
  REQUIRE(tasks.size() == 1);
  answer();
  advance(1h);
  CHECK(tasks.size() == 1);
  caf::anon_send(aut, sources_touched{{orders}, {}});
  settle();
  CHECK(tasks.size() == 2);
}

TEST_CASE_FIXTURE(fixture, "an older listing that comes late drops nothing") {
  list({entry_of(by_day, "10s", {orders})}, {.snapshot_end = 8});
  list({}, {.snapshot_end = 7});
  list({}, {.snapshot_end = 8, .settled = -1});
  advance(10s);
  CHECK(tasks.size() == 1);
  answer();
  list({}, {.snapshot_end = 8, .settled = 0});
  caf::anon_send(aut, sources_touched{{orders}, {}});
  advance(1h);
  CHECK(tasks.size() == 1);
}

TEST_CASE_FIXTURE(fixture, "who looks for changes is told which are awaited, "
                           "each time that these are others") {
  list({entry_of(by_day, "10s", {orders})});
  CHECK(awaited == std::vector<std::set<oid>>{{}});
  list({entry_of(by_day, "0s", {orders})});
  list({entry_of(by_day, "0s", {orders})});
  CHECK(awaited == std::vector<std::set<oid>>{{}, {orders}});
  list({});
  CHECK(awaited == std::vector<std::set<oid>>{{}, {orders}, {}});
}

TEST_CASE_FIXTURE(fixture, "a table that failed too often is not awaited") {
  list({entry_of(by_day, "0s", {orders})});
  advance(20ms);
  REQUIRE(tasks.size() == 1);
  answer(failure{errc::invariant_violated, "x"}, "ERROR");
  CHECK(awaited.back().empty());
}

TEST_CASE_FIXTURE(fixture, "changes that come together are refreshed together "
                           "where a table is to be as fresh as possible") {
  list({entry_of(by_day, "0s", {orders})});
  advance(20ms);
  REQUIRE(tasks.size() == 1);
  for (int i = 0; i < 5; ++i) {
    caf::anon_send(aut, sources_touched{{orders}, {}});
    settle();
  }
  answer();
  CHECK(tasks.size() == 1);
  advance(20ms);
  CHECK(tasks.size() == 2);
  answer();
  advance(1h);
  CHECK(tasks.size() == 2);
}

TEST_CASE_FIXTURE(fixture, "connected tables go in one order, upstream first") {
  list({entry_of(by_year, "5s", {201}), entry_of(by_day, "5s", {orders})});
  advance(5s);
  REQUIRE(tasks.size() == 1);
  CHECK(tasks[0].order.tables == std::vector{by_day, by_year});
  CHECK(tasks[0].order.by == engine::initiator::scheduler);
}

TEST_CASE_FIXTURE(fixture, "a wish is ordered at once and answered") {
  list({entry_of(by_day, "1h", {orders})});
  wish(by_day);
  REQUIRE(tasks.size() == 1);
  CHECK(tasks[0].order.by == engine::initiator::manual);
  CHECK(tasks[0].ticket.id == "c");
  answer();
  REQUIRE(outcomes.size() == 1);
  CHECK(outcomes[0].json);
}

TEST_CASE_FIXTURE(fixture, "a wish for a table in flight waits, and refreshes "
                           "again") {
  list({entry_of(by_day, "10s", {orders})});
  advance(10s);
  REQUIRE(tasks.size() == 1);
  wish(by_day);
  CHECK(tasks.size() == 1);
  answer();
  CHECK(outcomes.empty());
  REQUIRE(tasks.size() == 2);
  answer();
  CHECK(outcomes.size() == 1);
}

TEST_CASE_FIXTURE(fixture, "a wish for an unknown table is refused") {
  wish(by_day);
  REQUIRE(outcomes.size() == 1);
  REQUIRE_FALSE(outcomes[0].json);
  CHECK(outcomes[0].json.error().code == errc::stream_table_not_found);
}

TEST_CASE_FIXTURE(fixture, "a failed refresh is retried after a delay that "
                           "grows") {
  list({entry_of(by_day, "1s", {orders})});
  advance(1s);
  REQUIRE(tasks.size() == 1);
  answer(failure{errc::statement_failed, "division by zero"});
  advance(100ms);
  CHECK(tasks.size() == 1);
  advance(2s);
  REQUIRE(tasks.size() == 2);
  answer(failure{errc::statement_failed, "division by zero"});
  advance(1s);
  CHECK(tasks.size() == 2);
  advance(2s);
  CHECK(tasks.size() == 3);
}

TEST_CASE_FIXTURE(fixture, "a wish hears of the failure of what it reads") {
  list({entry_of(by_day, "1h", {orders}), entry_of(by_year, "1h", {201})});
  wish(by_year);
  REQUIRE(tasks.size() == 1);
  REQUIRE(tasks[0].order.tables.size() == 2);
  answer(failure{errc::source_changed, "t: source was dropped"});
  REQUIRE(outcomes.size() == 1);
  REQUIRE_FALSE(outcomes[0].json);
  CHECK(outcomes[0].json.error().message == "t: source was dropped");
}

TEST_CASE_FIXTURE(fixture, "a suspended table is left alone") {
  auto suspended = entry_of(by_day, "1s", {orders});
  suspended.status = "SUSPENDED";
  list({suspended});
  advance(1h);
  CHECK(tasks.empty());
}
