#pragma once

#include "actors/daemon_context.hpp"
#include "messages/interfaces.hpp"
#include "services/bus/service_description.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <vector>

namespace pgtrickle {

/// Makes the node one of the services that NATS knows.
class micro_service_state {
public:
  static constexpr const char* name = "micro_service";

  explicit micro_service_state(micro_service_actor::pointer self)
    : self_(self) {}

  micro_service_actor::behavior_type make_behavior(context_ptr context);

private:
  void join(const std::string& cluster);
  void answer(const bus::message& asked);

  micro_service_actor::pointer self_;
  context_ptr context_;
  bus::service_description service_;
  std::vector<bus::subscription> subscriptions_;
  /// Questions that wait in the mailbox.
  std::shared_ptr<std::atomic<int>> backlog_
    = std::make_shared<std::atomic<int>>(0);
};

micro_service_actor::behavior_type
micro_service(micro_service_actor::stateful_pointer<micro_service_state> self,
              context_ptr context);

} // namespace pgtrickle
