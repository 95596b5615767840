#pragma once

#include "actors/daemon_context.hpp"
#include "messages/interfaces.hpp"
#include "services/scheduling/restart_policy.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <optional>
#include <random>
#include <set>
#include <vector>

namespace pgtrickle {

/// One daemon: what serves all databases, and a supervisor for each of them.
class node_state {
public:
  static constexpr const char* name = "node";

  explicit node_state(node_actor::pointer self) : self_(self) {}

  node_actor::behavior_type make_behavior(context_ptr context);

private:
  // -- what serves all databases: starts and stops together ---
  void start();
  void stop_all();
  void part_died(const caf::down_msg& down);

  // -- databases ---
  void take(const databases_found& found);
  void take_stance(const database_id& database);
  void start_supervisor(const database_id& database);
  [[nodiscard]] bool take_off(const caf::actor_addr& supervisor);

  // -- shutdown ---
  void shut_down();
  void end_when_alone();

  node_actor::pointer self_;
  /// CAF destroys an actor to which no handle is left, even one that waits for
  /// its children to end.
  node_actor stays_alive_;
  context_ptr context_;
  gateway_actor gateway_;
  worker_budget_actor budget_;
  cluster_actor cluster_;
  micro_service_actor micro_service_;
  dashboard_reader_actor dashboard_;
  discoverer_actor discoverer_;
  std::map<oid, supervisor_actor> supervisors_;
  /// Those that were told to end: another node has their databases.
  std::set<oid> leaving_;
  std::optional<placement> placement_;
  restart_policy policy_{{}};
  bool is_stopping_ = false;
  bool is_restarting_ = false;
  std::minstd_rand random_{std::random_device{}()};
};

node_actor::behavior_type node(node_actor::stateful_pointer<node_state> self,
                               context_ptr context);

} // namespace pgtrickle
