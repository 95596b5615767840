#include "actors/doorman.hpp"

#include <caf/actor_system.hpp>

namespace pgtrickle {

namespace {

constexpr std::chrono::seconds idle_limit{10};

} // namespace

doorman_actor::behavior_type
doorman_state::make_behavior(context_ptr context, std::string database) {
  context_ = std::move(context);
  database_ = std::move(database);
  return {
    [this](const admission_request& request) {
      return admission{look_up(request.claim)};
    },
    [this](pulse) { leave_if_idle(); },
  };
}

/// A connection that was lost while it was idle is not the caller's concern.
result<caller> doorman_state::look_up(const observation::bearer_claim& claim) {
  const bool was_open = db_.has_value();
  auto found = try_once(claim);
  if (!found && was_open && found.error().code == errc::connection_lost)
    found = try_once(claim);
  return found;
}

result<caller> doorman_state::try_once(const observation::bearer_claim& claim) {
  if (!db_) {
    auto opened
      = postgres::session::open(context_->session_for(database_, name));
    if (!opened)
      return tl::unexpected(opened.error());
    db_ = std::move(*opened);
    self_->delayed_send(self_, idle_limit, pulse{});
  }
  last_used_ = self_->clock().now();
  auto found = observation::find_bearer(*db_, claim);
  if (!found && found.error().code == errc::connection_lost)
    db_.reset();
  return found;
}

void doorman_state::leave_if_idle() {
  if (!db_)
    return;
  if (self_->clock().now() - last_used_ >= idle_limit)
    return db_.reset();
  self_->delayed_send(self_, idle_limit, pulse{});
}

doorman_actor::behavior_type
doorman(doorman_actor::stateful_pointer<doorman_state> self,
        context_ptr context, std::string database) {
  return self->state.make_behavior(std::move(context), std::move(database));
}

doorman_factory doormen(context_ptr context) {
  return [context = std::move(context)](caf::actor_system& system,
                                        const std::string& database) {
    return doorman_actor{
      system.spawn<caf::detached>(doorman, context, database)};
  };
}

} // namespace pgtrickle
