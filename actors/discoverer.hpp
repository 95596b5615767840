#pragma once

#include "actors/daemon_context.hpp"
#include "messages/interfaces.hpp"
#include "services/coordination/database_census.hpp"
#include "services/scheduling/backoff.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <optional>
#include <random>

namespace pgtrickle {

/// Finds the databases that have the extension, over one connection.
class discoverer_state {
public:
  static constexpr const char* name = "discoverer";

  explicit discoverer_state(discoverer_actor::pointer self) : self_(self) {}

  discoverer_actor::behavior_type make_behavior(context_ptr context,
                                                node_actor node);

private:
  void look();
  [[nodiscard]] result<databases_found> take_census();
  [[nodiscard]] result<void> connect();
  [[nodiscard]] result<void> show_presence();
  [[nodiscard]] bool look_into(const database_id& database);
  void failed(const failure& reason);

  discoverer_actor::pointer self_;
  context_ptr context_;
  node_actor node_;
  std::optional<postgres::session> db_;
  std::string cluster_;
  /// What others see of this node; empty: nothing yet.
  std::string shown_;
  bool is_leaving_ = false;
  std::chrono::steady_clock::time_point looked_at_{};

  database_census census_;
  int failures_ = 0;
  std::minstd_rand random_{std::random_device{}()};
};

discoverer_actor::behavior_type
discoverer(discoverer_actor::stateful_pointer<discoverer_state> self,
           context_ptr context, node_actor node);

} // namespace pgtrickle
