// A supervisor's children that died, and when they start again.

#include "actors/exit_reasons.hpp"
#include "actors/supervisor.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace pgtrickle {

namespace {

constexpr std::array child_names{"watcher",   "refresher",   "scheduler",
                                 "registrar", "snapshotter", "planner",
                                 "announcer"};

} // namespace

void supervisor_state::child_died(const caf::down_msg& down) {
  const auto dead
    = std::find_if(handles_.begin(), handles_.end(), [&](const auto& handle) {
        return handle && handle.address() == down.source;
      });
  if (dead == handles_.end())
    return;
  *dead = {};
  if (!is_stopping_)
    plan_restart(static_cast<child>(dead - handles_.begin()), down.reason);
  else if (!has_children())
    self_->quit();
}

void supervisor_state::plan_restart(child dead, const caf::error& reason) {
  const auto because = reason == errc::connection_lost
                         ? restart_policy::cause::lost_server
                         : restart_policy::cause::fault;
  const auto now = self_->clock().now();
  const auto decision = policy_.died(now, random(), because);
  auto first = decision.whole_group ? the_watcher : dead;
  spdlog::warn("database {}: its {} ended ({}), starts again in {} ms",
               database_.name, child_names[dead], describe(reason),
               decision.after.count());
  if (dead == the_watcher)
    note_outage(reason);
  stop_from(first);
  metrics_->up(first != the_watcher);
  const auto lost_server = because == restart_policy::cause::lost_server;
  if (to_restart_) {
    to_restart_ = std::min(*to_restart_, first);
    waits_for_server_ = waits_for_server_ && lost_server;
    return;
  }
  to_restart_ = first;
  waits_for_server_ = lost_server;
  restart_in(decision.after);
}

void supervisor_state::restart_in(std::chrono::milliseconds delay) {
  restart_at_ = self_->clock().now() + delay;
  self_->delayed_send(self_, delay, restart_due{});
}

void supervisor_state::restart() {
  // There may be messages about restarts that were to be sooner or later.
  if (self_->clock().now() < restart_at_)
    return;
  const auto first = std::exchange(to_restart_, std::nullopt);
  if (first && !is_stopping_)
    start_from(*first);
}

void supervisor_state::hurry() {
  const auto after = policy_.server_returned(self_->clock().now(), random());
  if (to_restart_ && waits_for_server_)
    restart_in(after);
}

double supervisor_state::random() {
  return std::uniform_real_distribution<double>{0.0, 1.0}(random_);
}

} // namespace pgtrickle
