#pragma once

#include "actors/daemon_context.hpp"
#include "messages/interfaces.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <optional>

namespace pgtrickle {

/// Asks one database for whom a token stands. Its connection lives for as long
/// as programs call.
class doorman_state {
public:
  static constexpr const char* name = "doorman";

  explicit doorman_state(doorman_actor::pointer self) : self_(self) {}

  doorman_actor::behavior_type make_behavior(context_ptr context,
                                             std::string database);

private:
  [[nodiscard]] result<caller> look_up(const observation::bearer_claim& claim);
  [[nodiscard]] result<caller> try_once(const observation::bearer_claim& claim);
  void leave_if_idle();

  doorman_actor::pointer self_;
  context_ptr context_;
  std::string database_;
  std::optional<postgres::session> db_;
  std::chrono::steady_clock::time_point last_used_;
};

doorman_actor::behavior_type
doorman(doorman_actor::stateful_pointer<doorman_state> self,
        context_ptr context, std::string database);

/// Starts the doorman of a database.
using doorman_factory = std::function<doorman_actor(
  caf::actor_system& system, const std::string& database)>;

[[nodiscard]] doorman_factory doormen(context_ptr context);

} // namespace pgtrickle
