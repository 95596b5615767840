#pragma once

#include "actors/call_desk.hpp"
#include "services/coordination/log_throttle.hpp"
#include "services/plans/lag_watch.hpp"
#include "services/plans/plans.hpp"
#include "services/scheduling/look_clock.hpp"

#include <caf/stateful_actor.hpp>

namespace pgtrickle {

/// Learns from the refresh history, answers what it comes to, and looks after
/// target lags.
class planner_state {
public:
  static constexpr const char* name = "planner";

  explicit planner_state(planner_actor::pointer self)
    : self_(self), desk_(self) {}

  planner_actor::behavior_type make_behavior(desk_equipment equipment);

private:
  void look();
  void look_at(std::chrono::steady_clock::time_point at);
  /// Returns whether there is more to look at.
  [[nodiscard]] result<bool> plan_and_watch(postgres::session& db);

  planner_actor::pointer self_;
  call_desk<planner_actor> desk_;
  plans::planning_options options_;
  plans::lag_watch watch_;
  look_clock clock_;
  std::chrono::steady_clock::time_point earliest_look_{};
  /// Until then something may come of what has happened.
  std::chrono::steady_clock::time_point attentive_until_{};
  log_throttle failures_{std::chrono::seconds{60}};
};

planner_actor::behavior_type
planner(planner_actor::stateful_pointer<planner_state> self,
        desk_equipment equipment);

} // namespace pgtrickle
