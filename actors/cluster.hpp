#pragma once

#include "actors/daemon_context.hpp"
#include "messages/interfaces.hpp"
#include "services/coordination/fleet_view.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <map>

namespace pgtrickle {

/// Tells the other nodes of this one and of its databases each second, and
/// knows them all.
class cluster_state {
public:
  static constexpr const char* name = "cluster";

  explicit cluster_state(cluster_actor::pointer self) : self_(self) {}

  cluster_actor::behavior_type make_behavior(context_ptr context,
                                             worker_budget_actor budget);

private:
  void join(const std::string& cluster);
  [[nodiscard]] bus::subscription
  listen(const std::string& subject,
         const std::shared_ptr<std::atomic<int>>& backlog);
  void publish_heartbeat();
  void tell_demands();
  void show();
  void take(const bus::message& arrived);
  [[nodiscard]] node_report own_report() const;
  [[nodiscard]] database_report with_quota(database_report report) const;
  [[nodiscard]] call_outcome nodes();

  // -- databases ---
  void publish_reports();
  void take_report(const bus::message& arrived);
  [[nodiscard]] call_outcome answer(const std::string& method);

  /// Messages that wait in the mailbox are counted by their kind: a flood of
  /// one keeps nothing of the other out.
  struct source {
    bus::subscription listening;
    std::shared_ptr<std::atomic<int>> backlog
      = std::make_shared<std::atomic<int>>(0);
  };

  cluster_actor::pointer self_;
  context_ptr context_;
  worker_budget_actor budget_;
  /// As they were found: what shares the workers, and how many those are.
  std::uint32_t workers_ = 4;
  std::uint32_t databases_found_ = 1;
  /// PostgreSQL's system identifier; empty: not known yet.
  std::string cluster_;
  source heartbeats_;
  source reports_;
  std::map<oid, database_report> databases_;
  node_view view_;
  fleet_view fleet_;
};

cluster_actor::behavior_type
cluster(cluster_actor::stateful_pointer<cluster_state> self,
        context_ptr context, worker_budget_actor budget);

} // namespace pgtrickle
