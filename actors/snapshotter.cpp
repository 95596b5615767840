#include "actors/snapshotter.hpp"

#include "services/calls/snapshot_calls.hpp"
#include "services/snapshots/keeping.hpp"

#include <spdlog/spdlog.h>

namespace pgtrickle {

namespace {

/// Between two looks for snapshots that are due.
constexpr std::chrono::seconds look_interval{5};
/// The same where there is no snapshot and no schedule of any.
constexpr std::chrono::minutes idle_look_interval{5};

} // namespace

snapshotter_actor::behavior_type
snapshotter_state::make_behavior(desk_equipment equipment) {
  desk_.open(std::move(equipment), carry_out_snapshot_call, name);
  look_in(look_interval);
  return {
    [this](const call& asked) {
      look_in(look_interval);
      return desk_.answer(asked);
    },
    [this](look_due) { look_in(look_interval); },
    [this](pulse) {
      if (!clock_.strikes(self_->clock().now()))
        return;
      look_at_the_clock();
      look_in(is_needed_ ? look_interval : idle_look_interval);
    },
    [this](rest_due) { desk_.rest(); },
  };
}

void snapshotter_state::look_in(std::chrono::seconds delay) {
  if (clock_.set(self_->clock().now() + delay))
    self_->delayed_send(self_, delay, pulse{});
}

void snapshotter_state::look_at_the_clock() {
  const auto& facts = desk_.database().facts;
  const auto kept = desk_.session().and_then(
    [&](postgres::session* db) { return snapshots::keep(*db, facts.fence); });
  if (!kept) {
    desk_.drop_if_lost(kept.error());
    spdlog::warn("database {}: no look for due snapshots: {}", facts.name,
                 kept.error().message);
    return;
  }
  is_needed_ = kept->is_needed;
  for (const auto& snapshot : kept->taken)
    spdlog::info("database {}: {} was taken", facts.name, snapshot);
  for (const auto& failed : kept->failures)
    spdlog::warn("database {}: a snapshot failed: {}", facts.name,
                 failed.message);
}

snapshotter_actor::behavior_type
snapshotter(snapshotter_actor::stateful_pointer<snapshotter_state> self,
            desk_equipment equipment) {
  return self->state.make_behavior(std::move(equipment));
}

} // namespace pgtrickle
