#pragma once

#include "actors/call_desk.hpp"

#include <caf/stateful_actor.hpp>

namespace pgtrickle {

/// Takes, restores, verifies and drops snapshots, on call and by the clock.
class snapshotter_state {
public:
  static constexpr const char* name = "snapshotter";

  explicit snapshotter_state(snapshotter_actor::pointer self)
    : self_(self), desk_(self) {}

  snapshotter_actor::behavior_type make_behavior(desk_equipment equipment);

private:
  void look_at_the_clock();

  snapshotter_actor::pointer self_;
  call_desk<snapshotter_actor> desk_;
};

snapshotter_actor::behavior_type
snapshotter(snapshotter_actor::stateful_pointer<snapshotter_state> self,
            desk_equipment equipment);

} // namespace pgtrickle
