#pragma once

#include "actors/daemon_context.hpp"
#include "messages/interfaces.hpp"

#include <caf/fwd.hpp>

#include <functional>

namespace pgtrickle {

/// How a supervisor starts its children: tests put others in their place.
struct child_factory {
  std::function<watcher_actor(supervisor_actor)> watcher;
  std::function<refresher_actor(const database_opened&, watcher_actor,
                                supervisor_actor)>
    refresher;
  std::function<scheduler_actor(const database_opened&, refresher_actor,
                                watcher_actor)>
    scheduler;
  std::function<registrar_actor(const database_opened&, watcher_actor,
                                scheduler_actor)>
    registrar;
  std::function<snapshotter_actor(const database_opened&, watcher_actor,
                                  scheduler_actor)>
    snapshotter;
  std::function<planner_actor(const database_opened&, watcher_actor,
                              scheduler_actor)>
    planner;
  std::function<announcer_actor(const database_opened&)> announcer;
  /// Publishes what no outbox can hold, elsewhere.
  std::function<void(bus::announcement)> announce;
};

/// The children that work on `database` for real.
[[nodiscard]] child_factory children_of(caf::actor_system& system,
                                        const context_ptr& context,
                                        const database_id& database,
                                        const gateway_actor& gateway,
                                        const worker_budget_actor& budget);

} // namespace pgtrickle
