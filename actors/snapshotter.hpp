#pragma once

#include "actors/call_desk.hpp"

#include <caf/stateful_actor.hpp>

namespace pgtrickle {

/// Takes, restores, verifies and drops snapshots.
class snapshotter_state {
public:
  static constexpr const char* name = "snapshotter";

  explicit snapshotter_state(snapshotter_actor::pointer self) : desk_(self) {}

  snapshotter_actor::behavior_type make_behavior(desk_equipment equipment);

private:
  call_desk<snapshotter_actor> desk_;
};

snapshotter_actor::behavior_type
snapshotter(snapshotter_actor::stateful_pointer<snapshotter_state> self,
            desk_equipment equipment);

} // namespace pgtrickle
