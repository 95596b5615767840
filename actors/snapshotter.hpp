#pragma once

#include "actors/call_desk.hpp"
#include "services/scheduling/look_clock.hpp"

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
  void look_in(std::chrono::seconds delay);

  snapshotter_actor::pointer self_;
  call_desk<snapshotter_actor> desk_;
  look_clock clock_;
  /// The last look's outcome: there is something to take, or to let go of.
  bool is_needed_ = true;
};

snapshotter_actor::behavior_type
snapshotter(snapshotter_actor::stateful_pointer<snapshotter_state> self,
            desk_equipment equipment);

} // namespace pgtrickle
