#pragma once

#include "actors/daemon_context.hpp"
#include "messages/interfaces.hpp"
#include "services/calls/definition_calls.hpp"
#include "services/observation/pending_calls.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <optional>

namespace pgtrickle {

/// Carries out definition and reading calls, one at a time; the refreshes that
/// some of them need are the scheduler's, and others go on meanwhile.
class registrar_state {
public:
  static constexpr const char* name = "registrar";

  explicit registrar_state(registrar_actor::pointer self) : self_(self) {}

  registrar_actor::behavior_type make_behavior(context_ptr context,
                                               database_opened database,
                                               watcher_actor watcher,
                                               scheduler_actor scheduler,
                                               gateway_actor gateway);

private:
  using continuation = std::function<void(result<std::string>)>;

  // -- calls ---
  caf::result<call_outcome> answer(const call& asked);
  void perform(const call& asked, const continuation& done);
  [[nodiscard]] result<call_effect> take_effect(const call& asked);
  void complete(const call& asked, const call_effect& effect,
                const continuation& done);
  void fill(stream_table_id id, const call& asked, const std::string& json,
            const continuation& done);
  void refresh(stream_table_id id, const call& asked, const continuation& done);
  void discard(stream_table_id id);
  void tell(const call& asked, const call_effect& effect);
  void list_stream_tables();
  [[nodiscard]] std::optional<stream_tables_listed> catalog();

  // -- pending calls ---
  void begin_pending();
  void next_pending();
  void end_pending(const observation::pending_call& pending,
                   const result<std::string>& outcome);
  void retry_pending(const failure& reason);

  [[nodiscard]] result<postgres::session*> session();
  void drop_if_lost(const failure& reason);

  registrar_actor::pointer self_;
  context_ptr context_;
  database_opened database_;
  watcher_actor watcher_;
  scheduler_actor scheduler_;
  gateway_actor gateway_;
  std::optional<postgres::session> db_;
  bool is_at_pending_ = false;
  int pending_attempts_ = 0;
};

registrar_actor::behavior_type
registrar(registrar_actor::stateful_pointer<registrar_state> self,
          context_ptr context, database_opened database, watcher_actor watcher,
          scheduler_actor scheduler, gateway_actor gateway);

} // namespace pgtrickle
