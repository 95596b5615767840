#include "actors/supervisor.hpp"

#include "test/support/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

/// A supervisor whose children do nothing but count how often they started.
struct fixture : test::actor_fixture {
  fixture() {
    gateway_ = spawn([this]() -> gateway_actor::behavior_type {
      return {
        [](const bus::message&) {},
        [this](const database_attached&) { ++attached; },
        [this](const database_closing&) { ++closing; },
        [this](const database_detached&) { ++detached; },
        [](const call_notice&) {},
        [](const call_refused&) {},
        [](pulse) {},
      };
    });
    cluster_ = spawn([]() -> cluster_actor::behavior_type {
      return {
        [](heartbeat_due) {},
        [](const databases_found&) {},
        [](const bus::message&) {},
        [](const database_report&) {},
        [](const database_detached&) {},
        [](const call&) { return call_outcome{std::string{"[]"}}; },
      };
    });
    aut = spawn(supervisor, context_ptr{context_}, database_id{5, "db"},
                children(), gateway_, cluster_);
    settle();
  }

  clerk_actor start_clerk(const std::string& name) {
    return spawn([name]() -> clerk_actor::behavior_type {
      return {
        [name](const call& asked) { return call_outcome{name + asked.method}; },
        [](look_due) {}, [](pulse) {}, [](rest_due) {}};
    });
  }

  child_factory children() {
    return {
      [this](const supervisor_actor&) { return watcher_ = start_watcher(); },
      [this](const database_opened&, const watcher_actor&,
             const supervisor_actor&) {
        ++refreshers;
        return refresher_ = spawn([]() -> refresher_actor::behavior_type {
                 return {
                   [](const refresh_task&) { return refresh_result{}; },
                   [](sweep_due) {},
                   [](rest_due) {},
                 };
               });
      },
      [this](const database_opened&, const refresher_actor&,
             const watcher_actor&) {
        ++schedulers;
        return spawn([]() -> scheduler_actor::behavior_type {
          return {
            [](const stream_tables_listed&) {},
            [](const sources_touched&) {},
            [](const refresh_request&) { return call_outcome{}; },
            [](calendar_due) {},
          };
        });
      },
      [this](const database_opened&, const watcher_actor&,
             const scheduler_actor&) {
        ++registrars;
        return registrar_ = spawn([]() -> registrar_actor::behavior_type {
                 return {
                   [](const call& asked) { return call_outcome{asked.method}; },
                   [](pending_calls_waiting) {},
                   [](rest_due) {},
                 };
               });
      },
      [this](const database_opened&, const watcher_actor&,
             const scheduler_actor&) {
        return snapshotter_ = start_clerk("snapshotter: ");
      },
      [this](const database_opened&, const watcher_actor&,
             const scheduler_actor&) {
        return planner_ = start_clerk("planner: ");
      },
      [this](const database_opened&) {
        ++announcers;
        return spawn([]() -> announcer_actor::behavior_type {
          return {[](alerts_waiting) {}, [](const queue_behind&) {},
                  [](pulse) {}};
        });
      },
      [this](bus::announcement one) { told.push_back(std::move(one)); },
    };
  }

  watcher_actor start_watcher() {
    ++watchers;
    return spawn(
      [this](watcher_actor::pointer self) -> watcher_actor::behavior_type {
        return {
          [this, self](claim_due) {
            database_opened database;
            database.facts.cluster = "c1";
            database.facts.fence.epoch = 1;
            self->send(aut, std::move(database));
          },
          [](pulse) {},
          [](doorbell_rang) {},
          [](look_request) { return sources_touched{}; },
          [](const sources_awaited&) {},
          [](const work_started&) {},
          [](const work_finished&) {},
          [](const call_cancelled&) {},
          [self](work_halted) { self->quit(caf::exit_reason::user_shutdown); },
          [](reload_requested) {},
          [](const settings_read&) {},
        };
      });
  }

  void open() {
    caf::anon_send(watcher_, claim_due{});
    settle();
  }

  template <class Handle>
  void kill(const Handle& child) {
    end(child, caf::exit_reason::kill);
  }

  template <class Handle>
  void end(const Handle& child, const caf::error& reason) {
    caf::anon_send(caf::actor_cast<caf::actor>(child),
                   caf::exit_msg{child.address(), reason});
    settle();
  }

  result<std::string> ask(const std::string& method) {
    result<std::string> answer;
    spawn([&, method](caf::event_based_actor* self) {
      call asked;
      asked.method = method;
      self->request(aut, caf::infinite, asked)
        .then([&](const call_outcome& outcome) { answer = outcome.json; });
    });
    settle();
    return answer;
  }

  gateway_actor gateway_;
  cluster_actor cluster_;
  supervisor_actor aut;
  watcher_actor watcher_;
  refresher_actor refresher_;
  registrar_actor registrar_;
  snapshotter_actor snapshotter_;
  planner_actor planner_;
  std::vector<bus::announcement> told;
  int watchers = 0;
  int refreshers = 0;
  int schedulers = 0;
  int registrars = 0;
  int announcers = 0;
  int attached = 0;
  int closing = 0;
  int detached = 0;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "the children come when the watcher owns the "
                           "database") {
  CHECK(watchers == 1);
  CHECK(registrars == 0);
  open();
  CHECK(refreshers == 1);
  CHECK(schedulers == 1);
  CHECK(registrars == 1);
  CHECK(announcers == 1);
  CHECK(attached == 1);
}

TEST_CASE_FIXTURE(fixture, "calls are answered or handed to the registrar") {
  REQUIRE_FALSE(ask("explain_st"));
  CHECK(ask("explain_st").error().code == errc::connection_lost);
  CHECK(ask("ping"));
  CHECK(ask("cluster_nodes") == "[]");
  open();
  CHECK(ask("explain_st") == "explain_st");
}

TEST_CASE_FIXTURE(fixture, "calls about snapshots go to the snapshotter, which "
                           "outlives neither the registrar nor ends it") {
  open();
  const auto first = snapshotter_;
  CHECK(ask("restore_from_snapshot") == "snapshotter: restore_from_snapshot");
  kill(snapshotter_);
  advance(2s);
  CHECK(registrars == 1);
  CHECK(snapshotter_ != first);
  const auto second = snapshotter_;
  kill(registrar_);
  advance(1min);
  CHECK(registrars == 2);
  CHECK(snapshotter_ != second);
  CHECK(ask("drop_snapshot") == "snapshotter: drop_snapshot");
}

TEST_CASE_FIXTURE(fixture, "calls about plans go to the planner, which starts "
                           "again by itself") {
  open();
  CHECK(ask("recommend_schedule") == "planner: recommend_schedule");
  kill(planner_);
  advance(2s);
  CHECK(registrars == 1);
  CHECK(ask("maintenance_windows") == "planner: maintenance_windows");
  CHECK(ask("apply_schedule_recommendation")
        == "apply_schedule_recommendation");
}

TEST_CASE_FIXTURE(fixture, "with a dead child those that hold its handle start "
                           "again, after a delay") {
  open();
  kill(refresher_);
  CHECK(refreshers == 1);
  advance(2s);
  CHECK(watchers == 1);
  CHECK(refreshers == 2);
  CHECK(schedulers == 2);
  CHECK(registrars == 2);
}

TEST_CASE_FIXTURE(fixture, "those before a dead child go on") {
  open();
  kill(registrar_);
  advance(2s);
  CHECK(refreshers == 1);
  CHECK(schedulers == 1);
  CHECK(registrars == 2);
}

TEST_CASE_FIXTURE(fixture, "with the watcher everything waits for a new "
                           "owner") {
  open();
  kill(watcher_);
  CHECK_FALSE(ask("explain_st"));
  advance(2s);
  CHECK(watchers == 2);
  CHECK(refreshers == 1);
  open();
  CHECK(refreshers == 2);
  CHECK(ask("explain_st"));
}

TEST_CASE_FIXTURE(fixture, "a database that is down is tried for ever, ever "
                           "more rarely") {
  for (int i = 0; i < 20; ++i) {
    kill(watcher_);
    advance(60s);
  }
  CHECK(watchers == 21);
  kill(watcher_);
  advance(10s);
  CHECK(watchers == 21);
}

TEST_CASE_FIXTURE(fixture, "when PostgreSQL is back, what waited for it starts "
                           "at once") {
  for (int i = 0; i < 7; ++i) {
    end(watcher_, caf::make_error(errc::connection_lost, "gone"));
    if (i < 6)
      advance(60s);
  }
  REQUIRE(watchers == 7);
  caf::anon_send(aut, server_returned{});
  settle();
  advance(1s);
  CHECK(watchers == 8);
  // The server was not ready for this one yet.
  end(watcher_, caf::make_error(errc::connection_lost, "starting up"));
  advance(2s);
  CHECK(watchers == 9);
  // The delays that were cut short are over.
  advance(2min);
  CHECK(watchers == 9);
}

TEST_CASE_FIXTURE(fixture, "PostgreSQL's return does not hasten what died for "
                           "another reason") {
  for (int i = 0; i < 7; ++i) {
    kill(watcher_);
    if (i < 6)
      advance(60s);
  }
  caf::anon_send(aut, server_returned{});
  settle();
  advance(10s);
  CHECK(watchers == 7);
}

TEST_CASE_FIXTURE(fixture,
                  "an owned database that stays away is told of once") {
  kill(watcher_);
  advance(1min);
  kill(watcher_);
  CHECK(told.empty());
  advance(1min);
  open();
  kill(watcher_);
  CHECK(told.empty());
  advance(1min);
  kill(watcher_);
  REQUIRE(told.size() == 1);
  CHECK(told[0].subject == "pgtrickle.v1.c1.5.alert.database_unreachable");
  CHECK(told[0].id == "c1-5-unreachable-1");
  advance(1min);
  kill(watcher_);
  CHECK(told.size() == 1);
}

TEST_CASE_FIXTURE(fixture, "at the end the gateway lets go and all children "
                           "end") {
  open();
  caf::anon_send_exit(aut, caf::exit_reason::user_shutdown);
  settle();
  CHECK(detached == 1);
  advance(1min);
  CHECK(watchers == 1);
}

TEST_CASE_FIXTURE(fixture,
                  "a hand-over with no call in progress ends at once") {
  open();
  caf::anon_send(aut, hand_over_due{});
  settle();
  CHECK(closing == 1);
  CHECK(detached == 1);
  advance(1min);
  CHECK(watchers == 1);
}
