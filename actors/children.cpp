#include "actors/children.hpp"

#include "actors/announcer.hpp"
#include "actors/planner.hpp"
#include "actors/refresh_worker.hpp"
#include "actors/refresher.hpp"
#include "actors/registrar.hpp"
#include "actors/scheduler.hpp"
#include "actors/snapshotter.hpp"
#include "actors/watcher.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <spdlog/spdlog.h>

namespace pgtrickle {

namespace {

refresher_actor start_refresher(caf::actor_system& system,
                                const context_ptr& context,
                                const database_opened& database,
                                const watcher_actor& watching,
                                const supervisor_actor& parent,
                                const worker_budget_actor& budget) {
  const auto configured = context->workers;
  const auto workers = static_cast<std::size_t>(
    configured > 0 ? configured : database.settings.max_concurrent_refreshes);
  auto spawn_worker = [&system, context, database, watching] {
    return system.spawn<caf::detached>(refresh_worker, context, database,
                                       watching);
  };
  auto load_changed
    = [parent](worker_load load) { caf::anon_send(parent, load); };
  const auto quota
    = static_cast<std::uint32_t>(database.settings.per_database_worker_quota);
  return system.spawn(
    refresher,
    refresher_equipment{
      workers, database.facts.id, quota, spawn_worker, load_changed, budget,
      [context] { return context->connections->is_pressed(); }});
}

constexpr std::chrono::seconds announce_limit{3};

/// Waits for the bus, so on a thread of its own.
void announce(caf::actor_system& system, const context_ptr& context,
              bus::announcement told) {
  system.spawn<caf::detached>([context, told = std::move(told)] {
    if (auto done = context->bus->publish_once(told, announce_limit); !done)
      spdlog::warn("{} could not be published: {}", told.subject,
                   done.error().message);
  });
}

} // namespace

child_factory children_of(caf::actor_system& system, const context_ptr& context,
                          const database_id& database,
                          const gateway_actor& gateway,
                          const worker_budget_actor& budget) {
  return {
    [&system, context, database, gateway](const supervisor_actor& parent) {
      return system.spawn<caf::detached>(watcher, context, database, parent,
                                         gateway);
    },
    [&system, context, budget](const database_opened& opened,
                               const watcher_actor& watching,
                               const supervisor_actor& parent) {
      return start_refresher(system, context, opened, watching, parent, budget);
    },
    [&system, context](const database_opened& opened,
                       const refresher_actor& refreshing,
                       const watcher_actor& watching) {
      auto awaiting = [watching](sources_awaited awaited) {
        caf::anon_send(watching, std::move(awaited));
      };
      return system.spawn(
        scheduler, opened.settings, refreshing,
        context->metrics->database(opened.facts.id, opened.facts.name),
        awaiting_listener{awaiting});
    },
    [&system, context, gateway](const database_opened& opened,
                                const watcher_actor& watching,
                                const scheduler_actor& scheduling) {
      return system.spawn<caf::detached>(
        registrar,
        desk_equipment{context, opened, watching, scheduling, gateway});
    },
    [&system, context, gateway](const database_opened& opened,
                                const watcher_actor& watching,
                                const scheduler_actor& scheduling) {
      return system.spawn<caf::detached>(
        snapshotter,
        desk_equipment{context, opened, watching, scheduling, gateway});
    },
    [&system, context, gateway](const database_opened& opened,
                                const watcher_actor& watching,
                                const scheduler_actor& scheduling) {
      return system.spawn<caf::detached>(
        planner,
        desk_equipment{context, opened, watching, scheduling, gateway});
    },
    [&system, context](const database_opened& opened) {
      return system.spawn<caf::detached>(announcer, context, opened.facts);
    },
    [&system, context](bus::announcement told) {
      announce(system, context, std::move(told));
    },
  };
}

} // namespace pgtrickle
