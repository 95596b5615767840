#include "actors/node.hpp"

#include "actors/children.hpp"
#include "actors/cluster.hpp"
#include "actors/dashboard_reader.hpp"
#include "actors/discoverer.hpp"
#include "actors/exit_reasons.hpp"
#include "actors/gateway.hpp"
#include "actors/micro_service.hpp"
#include "actors/supervisor.hpp"
#include "actors/worker_budget.hpp"

#include <caf/exit_reason.hpp>
#include <caf/system_messages.hpp>
#include <spdlog/spdlog.h>

namespace pgtrickle {

node_actor::behavior_type node_state::make_behavior(context_ptr context) {
  stays_alive_ = self_;
  context_ = std::move(context);
  placement_.emplace(context_->node, context_->lease);
  self_->set_down_handler([this](const caf::down_msg& down) {
    if (!take_off(down.source) && !is_stopping_)
      part_died(down);
    end_when_alone();
  });
  self_->set_exit_handler([this](const caf::exit_msg&) { shut_down(); });
  start();
  return {
    [this](const databases_found& found) { take(found); },
    [this](server_returned news) {
      for (const auto& [id, supervisor] : supervisors_)
        self_->send(supervisor, news);
    },
    [this](restart_due) { start(); },
    [this](reload_requested request) {
      for (const auto& [id, supervisor] : supervisors_)
        self_->send(supervisor, request);
      if (discoverer_)
        self_->send(discoverer_, look_due{});
    },
  };
}

// -- what serves all databases ------------------------------------------------

void node_state::start() {
  is_restarting_ = false;
  if (is_stopping_)
    return;
  gateway_ = self_->spawn<caf::monitored>(gateway, context_, doormen(context_));
  budget_ = self_->spawn<caf::monitored>(worker_budget, context_);
  cluster_ = self_->spawn<caf::monitored>(cluster, context_, budget_);
  micro_service_ = self_->spawn<caf::monitored>(micro_service, context_);
  dashboard_ = self_->spawn<caf::monitored + caf::detached>(dashboard_reader,
                                                            context_, cluster_);
  discoverer_ = self_->spawn<caf::monitored + caf::detached>(
    discoverer, context_, node_actor{self_});
}

void node_state::stop_all() {
  const auto stop = [this](const auto& part) {
    if (part)
      self_->send_exit(part, caf::exit_reason::user_shutdown);
  };
  stop(discoverer_);
  for (const auto& [id, supervisor] : supervisors_)
    stop(supervisor);
  stop(gateway_);
  stop(cluster_);
  stop(budget_);
  stop(micro_service_);
  stop(dashboard_);
}

/// The others hold the dead one's handle, so all start again.
void node_state::part_died(const caf::down_msg& down) {
  // One that was stopped for the last restart may end after it.
  const auto is_current = down.source == gateway_.address()
                          || down.source == cluster_.address()
                          || down.source == budget_.address()
                          || down.source == micro_service_.address()
                          || down.source == dashboard_.address()
                          || down.source == discoverer_.address();
  if (is_restarting_ || !is_current)
    return;
  is_restarting_ = true;
  const auto random = std::uniform_real_distribution<double>{0.0, 1.0}(random_);
  const auto decision = policy_.died(self_->clock().now(), random);
  spdlog::error("a part of the daemon ended ({}), all start again in {} ms",
                describe(down.reason), decision.after.count());
  stop_all();
  self_->delayed_send(self_, decision.after, restart_due{});
}

// -- databases ----------------------------------------------------------------

void node_state::take(const databases_found& found) {
  if (is_stopping_ || is_restarting_)
    return;
  self_->send(cluster_, found);
  placement_->observe(found.situation, self_->clock().now());
  self_->send(micro_service_, found);
  std::set<oid> existing;
  for (const auto& database : found.databases) {
    existing.insert(database.id);
    take_stance(database);
  }
  for (const auto& [id, supervisor] : supervisors_)
    if (!existing.contains(id))
      self_->send_exit(supervisor, caf::exit_reason::user_shutdown);
  if (found.is_leaving && (supervisors_.empty() || !placement_->has_heirs())) {
    spdlog::info("this node was drained, and ends");
    *context_->is_drained = true;
    shut_down();
  }
}

void node_state::take_stance(const database_id& database) {
  const auto served = supervisors_.find(database.id);
  const auto is_served = served != supervisors_.end();
  const auto what = placement_->decide(database.id, is_served);
  if (!is_served) {
    if (what == stance::serve)
      start_supervisor(database);
    return;
  }
  if (what == stance::serve)
    return;
  leaving_.insert(database.id);
  if (what == stance::hand_over)
    self_->send(served->second, hand_over_due{});
  else
    self_->send_exit(served->second, caf::exit_reason::user_shutdown);
}

void node_state::start_supervisor(const database_id& database) {
  spdlog::info("database {}: found", database.name);
  auto children
    = children_of(self_->system(), context_, database, gateway_, budget_);
  supervisors_.emplace(database.id, self_->spawn<caf::monitored>(
                                      supervisor, context_, database,
                                      std::move(children), gateway_, cluster_));
}

bool node_state::take_off(const caf::actor_addr& supervisor) {
  for (auto it = supervisors_.begin(); it != supervisors_.end(); ++it)
    if (it->second.address() == supervisor) {
      spdlog::info("database {}: let go", it->first);
      // One that ended by itself found the extension gone.
      if (leaving_.erase(it->first) == 0)
        self_->send(discoverer_, database_lost{it->first});
      supervisors_.erase(it);
      return true;
    }
  return false;
}

// -- shutdown -----------------------------------------------------------------

void node_state::shut_down() {
  if (is_stopping_)
    return;
  is_stopping_ = true;
  self_->send_exit(discoverer_, caf::exit_reason::user_shutdown);
  for (const auto& [id, supervisor] : supervisors_)
    self_->send_exit(supervisor, caf::exit_reason::user_shutdown);
  end_when_alone();
}

/// The gateway goes last: until then it answers the calls in progress.
void node_state::end_when_alone() {
  if (!is_stopping_ || !supervisors_.empty())
    return;
  self_->send_exit(gateway_, caf::exit_reason::user_shutdown);
  self_->send_exit(cluster_, caf::exit_reason::user_shutdown);
  self_->send_exit(budget_, caf::exit_reason::user_shutdown);
  self_->send_exit(micro_service_, caf::exit_reason::user_shutdown);
  self_->send_exit(dashboard_, caf::exit_reason::user_shutdown);
  self_->quit();
}

node_actor::behavior_type node(node_actor::stateful_pointer<node_state> self,
                               context_ptr context) {
  return self->state.make_behavior(std::move(context));
}

} // namespace pgtrickle
