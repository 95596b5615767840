#pragma once

#include "actors/daemon_context.hpp"
#include "messages/interfaces.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <optional>

namespace pgtrickle {

/// Refreshes stream tables, one order at a time, on its own connection.
class refresh_worker_state {
public:
  static constexpr const char* name = "refresh_worker";

  explicit refresh_worker_state(refresh_worker_actor::pointer self)
    : self_(self) {}

  refresh_worker_actor::behavior_type make_behavior(context_ptr context,
                                                    database_opened database,
                                                    watcher_actor watcher);

private:
  [[nodiscard]] refresh_result refresh(const refresh_task& task);
  /// For the dashboard.
  void keep_statements(std::vector<engine::refresh_outcome>& outcomes);
  [[nodiscard]] sweep_report sweep();
  [[nodiscard]] result<engine::refresher_session*> session();
  /// A session that has lost its connection is not used again.
  void drop_if_lost(const failure& reason);

  refresh_worker_actor::pointer self_;
  context_ptr context_;
  database_opened database_;
  watcher_actor watcher_;
  std::optional<engine::refresher_session> session_;
};

refresh_worker_actor::behavior_type refresh_worker(
  refresh_worker_actor::stateful_pointer<refresh_worker_state> self,
  context_ptr context, database_opened database, watcher_actor watcher);

} // namespace pgtrickle
