#pragma once

#include "actors/call_desk.hpp"
#include "services/observation/pending_calls.hpp"

#include <caf/stateful_actor.hpp>

namespace pgtrickle {

/// Carries out definition and reading calls, and those that wait for the end of
/// their transaction.
class registrar_state {
public:
  static constexpr const char* name = "registrar";

  explicit registrar_state(registrar_actor::pointer self)
    : self_(self), desk_(self) {}

  registrar_actor::behavior_type make_behavior(desk_equipment equipment);

private:
  void begin_pending();
  void next_pending();
  void end_pending(const observation::pending_call& pending,
                   const result<std::string>& outcome);
  void retry_pending(const failure& reason);

  registrar_actor::pointer self_;
  call_desk<registrar_actor> desk_;
  bool is_at_pending_ = false;
  int pending_attempts_ = 0;
};

registrar_actor::behavior_type
registrar(registrar_actor::stateful_pointer<registrar_state> self,
          desk_equipment equipment);

} // namespace pgtrickle
