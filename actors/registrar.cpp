#include "actors/registrar.hpp"

#include "services/calls/definition_calls.hpp"

#include <spdlog/spdlog.h>

namespace pgtrickle {

namespace {

/// Waits for locks, and for the database, before a pending call has failed.
constexpr int max_pending_attempts = 10;
constexpr std::chrono::seconds pending_retry{1};

} // namespace

registrar_actor::behavior_type
registrar_state::make_behavior(desk_equipment equipment) {
  desk_.open(std::move(equipment), carry_out, name);
  return {
    [this](const call& asked) { return desk_.answer(asked); },
    [this](pending_calls_waiting) { begin_pending(); },
    [this](rest_due) { desk_.rest(); },
  };
}

// -- pending calls ------------------------------------------------------------

void registrar_state::begin_pending() {
  if (is_at_pending_)
    return;
  is_at_pending_ = true;
  next_pending();
}

void registrar_state::next_pending() {
  auto next = desk_.session().and_then(
    [](postgres::session* db) { return observation::next_pending_call(*db); });
  if (!next)
    return retry_pending(next.error());
  is_at_pending_ = next->has_value();
  if (!is_at_pending_)
    return;
  const auto& pending = **next;
  const call asked{{}, pending.method, pending.arguments, pending.by};
  desk_.perform(asked, [this, pending](const result<std::string>& outcome) {
    end_pending(pending, outcome);
  });
}

void registrar_state::end_pending(const observation::pending_call& pending,
                                  const result<std::string>& outcome) {
  if (!outcome && reaction_to(outcome.error().code) == reaction::retry
      && ++pending_attempts_ < max_pending_attempts)
    return retry_pending(outcome.error());
  pending_attempts_ = 0;
  const auto& fence = desk_.database().facts.fence;
  const auto noted = desk_.session().and_then([&](postgres::session* db) {
    return outcome ? observation::close_pending_call(*db, pending.id, fence)
                   : observation::fail_pending_call(*db, pending,
                                                    outcome.error(), fence);
  });
  if (!noted)
    return retry_pending(noted.error());
  next_pending();
}

void registrar_state::retry_pending(const failure& reason) {
  desk_.drop_if_lost(reason);
  spdlog::warn("database {}: pending calls wait: {}",
               desk_.database().facts.name, reason.message);
  is_at_pending_ = false;
  self_->delayed_send(self_, pending_retry, pending_calls_waiting{});
}

registrar_actor::behavior_type
registrar(registrar_actor::stateful_pointer<registrar_state> self,
          desk_equipment equipment) {
  return self->state.make_behavior(std::move(equipment));
}

} // namespace pgtrickle
