#include "actors/snapshotter.hpp"

#include "services/calls/snapshot_calls.hpp"

namespace pgtrickle {

snapshotter_actor::behavior_type
snapshotter_state::make_behavior(desk_equipment equipment) {
  desk_.open(std::move(equipment), carry_out_snapshot_call, name);
  return {
    [this](const call& asked) { return desk_.answer(asked); },
  };
}

snapshotter_actor::behavior_type
snapshotter(snapshotter_actor::stateful_pointer<snapshotter_state> self,
            desk_equipment equipment) {
  return self->state.make_behavior(std::move(equipment));
}

} // namespace pgtrickle
