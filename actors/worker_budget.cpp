#include "actors/worker_budget.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>

namespace pgtrickle {

worker_budget_actor::behavior_type
worker_budget_state::make_behavior(context_ptr context) {
  context_ = std::move(context);
  self_->set_down_handler(
    [this](const caf::down_msg& down) { client_died(down.source); });
  return {
    [this](const workers_demanded& demanded) { divide(demanded); },
    [this](const slot_wanted& wanted) { return enqueue(wanted); },
    [this](const slot_returned& returned) { take_back(returned); },
    [this](pulse) {
      looks_at_.reset();
      hand_out();
    },
  };
}

void worker_budget_state::divide(const workers_demanded& demanded) {
  const auto own
    = std::find_if(demanded.nodes.begin(), demanded.nodes.end(),
                   [&](const auto& n) { return n.node == demanded.own_node; });
  const auto own_databases
    = own == demanded.nodes.end()
        ? 0U
        : static_cast<std::uint32_t>(own->databases.size());
  worker_slots::limits limits;
  limits.quota = equal_quota(demanded.total, demanded.databases);
  limits.guaranteed = capped(
    guaranteed_workers(demanded.total, demanded.databases, own_databases));
  limits.lends = !demanded.is_cut_off;
  limits.share = limits.guaranteed;
  if (limits.lends) {
    const auto shares = share_workers(demanded.total, demanded.nodes);
    if (const auto share = shares.by_node.find(demanded.own_node);
        share != shares.by_node.end())
      limits.share = capped(share->second);
  }
  slots_.limit(limits);
  hand_out();
}

std::uint32_t worker_budget_state::capped(std::uint32_t workers) const {
  const auto most = static_cast<std::uint32_t>(context_->max_workers);
  return most == 0 ? workers : std::min(workers, most);
}

caf::result<slot_granted>
worker_budget_state::enqueue(const slot_wanted& wanted) {
  const auto asker = caf::actor_cast<caf::actor_addr>(self_->current_sender());
  auto& known = clients_[wanted.database];
  if (known.refresher != asker) {
    slots_.leave(wanted.database);
    known = {asker, {}};
    self_->monitor(asker);
  }
  auto answer = self_->make_response_promise<slot_granted>();
  known.waiting.push_back(answer);
  slots_.want(wanted.database, wanted.quota, self_->clock().now());
  hand_out();
  return answer;
}

/// What another refresher had of the same database was taken from it before.
void worker_budget_state::take_back(const slot_returned& returned) {
  const auto known = clients_.find(returned.database);
  if (known == clients_.end()
      || known->second.refresher != self_->current_sender())
    return;
  slots_.give_back(returned.database);
  hand_out();
}

void worker_budget_state::client_died(const caf::actor_addr& refresher) {
  const auto dead
    = std::find_if(clients_.begin(), clients_.end(), [&](const auto& known) {
        return known.second.refresher == refresher;
      });
  if (dead == clients_.end())
    return;
  slots_.leave(dead->first);
  clients_.erase(dead);
  hand_out();
}

void worker_budget_state::hand_out() {
  while (const auto next = slots_.grant(self_->clock().now())) {
    auto& waiting = clients_.at(*next).waiting;
    waiting.front().deliver(slot_granted{});
    waiting.pop_front();
  }
  look_again_in_time();
}

void worker_budget_state::look_again_in_time() {
  const auto now = self_->clock().now();
  const auto next = slots_.next_look(now);
  if (!next || (looks_at_ && *looks_at_ <= *next))
    return;
  looks_at_ = next;
  self_->delayed_send(self_, *next - now, pulse{});
}

worker_budget_actor::behavior_type
worker_budget(worker_budget_actor::stateful_pointer<worker_budget_state> self,
              context_ptr context) {
  return self->state.make_behavior(std::move(context));
}

} // namespace pgtrickle
