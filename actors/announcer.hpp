#pragma once

#include "actors/daemon_context.hpp"
#include "messages/interfaces.hpp"
#include "services/coordination/log_throttle.hpp"
#include "services/observation/alert_outbox.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace pgtrickle {

/// Publishes alerts at least once; the bus drops doubles by their ids. Its
/// connection lives for as long as there is something to publish.
class announcer_state {
public:
  static constexpr const char* name = "announcer";

  explicit announcer_state(announcer_actor::pointer self) : self_(self) {}

  announcer_actor::behavior_type
  make_behavior(context_ptr context, observation::database_facts facts);

private:
  void publish_all();
  void tell(const worker_load& load);
  /// Publishes the oldest alerts; returns how many there were.
  [[nodiscard]] result<std::size_t> publish_some(postgres::session& db);
  [[nodiscard]] result<void> publish(const observation::outbox_alert& alert);

  announcer_actor::pointer self_;
  context_ptr context_;
  observation::database_facts facts_;
  std::shared_ptr<metrics::database_metrics> metrics_;
  bool is_retrying_ = false;
  log_throttle failures_{std::chrono::seconds{30}};
};

announcer_actor::behavior_type
announcer(announcer_actor::stateful_pointer<announcer_state> self,
          context_ptr context, observation::database_facts facts);

} // namespace pgtrickle
