#include "actors/micro_service.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <spdlog/spdlog.h>

namespace pgtrickle {

namespace {

constexpr int max_backlog = 1024;

} // namespace

micro_service_actor::behavior_type
micro_service_state::make_behavior(context_ptr context) {
  context_ = std::move(context);
  service_.version = context_->version;
  service_.node = context_->node;
  service_.started = context_->started_at;
  return {
    [this](const databases_found& found) { join(found.cluster); },
    [this](const bus::message& asked) {
      --*backlog_;
      answer(asked);
    },
  };
}

/// What a service says of itself must not change: with another PostgreSQL
/// cluster it is another service.
void micro_service_state::join(const std::string& cluster) {
  if (cluster == service_.cluster)
    return;
  service_.cluster = cluster;
  service_.id = bus::random_service_id();
  subscriptions_.clear();
  for (const auto& subject : bus::service_subjects(service_.id)) {
    auto hand_over = [self = caf::actor_cast<micro_service_actor>(self_),
                      backlog = backlog_](bus::message asked) {
      if (++*backlog <= max_backlog)
        caf::anon_send(self, std::move(asked));
      else
        --*backlog;
    };
    auto listening = context_->bus->subscribe(subject, std::move(hand_over));
    if (listening)
      subscriptions_.push_back(std::move(*listening));
    else
      spdlog::error("micro_service: {}", listening.error().message);
  }
}

void micro_service_state::answer(const bus::message& asked) {
  if (!bus::is_inbox(asked.reply_to))
    return;
  const auto text = bus::service_answer(asked.subject, service_,
                                        context_->served->endpoints());
  if (!text)
    return;
  if (auto sent = context_->bus->publish(asked.reply_to, *text); !sent)
    spdlog::debug("micro_service: answer lost: {}", sent.error().message);
}

micro_service_actor::behavior_type
micro_service(micro_service_actor::stateful_pointer<micro_service_state> self,
              context_ptr context) {
  return self->state.make_behavior(std::move(context));
}

} // namespace pgtrickle
