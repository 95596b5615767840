#pragma once

#include "actors/daemon_context.hpp"
#include "messages/interfaces.hpp"
#include "services/coordination/node_view.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <map>

namespace pgtrickle {

/// Tells the other nodes of this one each second, and knows them all.
class cluster_state {
public:
  static constexpr const char* name = "cluster";

  explicit cluster_state(cluster_actor::pointer self) : self_(self) {}

  cluster_actor::behavior_type make_behavior(context_ptr context,
                                             worker_budget_actor budget);

private:
  void join(const std::string& cluster);
  void publish_heartbeat();
  void tell_demands();
  void take(const bus::message& arrived);
  [[nodiscard]] node_report own_report() const;
  [[nodiscard]] database_report with_quota(database_report report) const;
  [[nodiscard]] call_outcome nodes();

  cluster_actor::pointer self_;
  context_ptr context_;
  worker_budget_actor budget_;
  /// As they were found: what shares the workers, and how many those are.
  std::uint32_t workers_ = 4;
  std::uint32_t databases_found_ = 1;
  /// PostgreSQL's system identifier; empty: not known yet.
  std::string cluster_;
  bus::subscription others_;
  std::map<oid, database_report> databases_;
  node_view view_;
  std::shared_ptr<std::atomic<int>> backlog_
    = std::make_shared<std::atomic<int>>(0);
};

cluster_actor::behavior_type
cluster(cluster_actor::stateful_pointer<cluster_state> self,
        context_ptr context, worker_budget_actor budget);

} // namespace pgtrickle
