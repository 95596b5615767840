#pragma once

#include "actors/daemon_context.hpp"
#include "messages/interfaces.hpp"
#include "services/coordination/worker_slots.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <deque>
#include <map>
#include <optional>

namespace pgtrickle {

/// Lets the refreshers of all databases of this node begin, one worker at a
/// time.
class worker_budget_state {
public:
  static constexpr const char* name = "worker_budget";

  explicit worker_budget_state(worker_budget_actor::pointer self)
    : self_(self) {}

  worker_budget_actor::behavior_type make_behavior(context_ptr context);

private:
  using promise = caf::typed_response_promise<slot_granted>;

  /// The refresher of a database, and its requests that wait.
  struct client {
    caf::actor_addr refresher;
    std::deque<promise> waiting;
  };

  void divide(const workers_demanded& demanded);
  caf::result<slot_granted> enqueue(const slot_wanted& wanted);
  void take_back(const slot_returned& returned);
  void client_died(const caf::actor_addr& refresher);
  void hand_out();
  void look_again_in_time();
  [[nodiscard]] std::uint32_t capped(std::uint32_t workers) const;

  worker_budget_actor::pointer self_;
  context_ptr context_;
  worker_slots slots_;
  std::map<oid, client> clients_;
  std::optional<worker_slots::time_point> looks_at_;
};

worker_budget_actor::behavior_type
worker_budget(worker_budget_actor::stateful_pointer<worker_budget_state> self,
              context_ptr context);

} // namespace pgtrickle
