#include "actors/gateway.hpp"

#include "actors/exit_reasons.hpp"
#include "services/calls/call_arguments.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <spdlog/spdlog.h>

namespace pgtrickle {

namespace {

constexpr int max_backlog = 4096;
constexpr std::chrono::milliseconds look_interval{200};
/// A deadline further away is as good as none.
constexpr std::chrono::hours longest_call{24};
/// Replies go to callers' inboxes and nowhere else.
constexpr std::string_view inbox_prefix = "_INBOX.";

} // namespace

gateway_actor::behavior_type gateway_state::make_behavior(context_ptr context) {
  context_ = std::move(context);
  return {
    [this](const bus::message& arrived) {
      --*backlog_;
      take(arrived);
    },
    [this](const database_attached& terms) { attach(terms); },
    [this](const database_closing& closing) { stop_listening(closing.id); },
    [this](const database_detached& gone) { detach(gone.id); },
    [this](const call_notice& notice) {
      if (const auto* entry = ledger_.find(notice.call_id))
        reply(entry->reply_to, wire::encode_notice(notice.text));
    },
    [this](const call_refused& refused) {
      if (const auto entry = ledger_.settle(refused.call_id))
        give_up(*entry, refused.reason);
    },
    [this](pulse) { look_after_calls(); },
  };
}

// -- databases ----------------------------------------------------------------

void gateway_state::attach(const database_attached& terms) {
  if (const auto known = databases_.find(terms.address);
      known != databases_.end()) {
    known->second.terms = terms;
    return;
  }
  const auto now = terms.clock.at(self_->clock().now());
  auto& served
    = databases_
        .try_emplace(terms.address,
                     served_database{terms, bus::replay_guard{now}, {}})
        .first->second;
  listen(served, bus::calls_subject(terms.address));
  listen(served, bus::cancel_subject(terms.address));
}

void gateway_state::listen(served_database& served,
                           const std::string& subject) {
  // On nats.c's thread: count, hand over, return.
  auto hand_over = [self = caf::actor_cast<gateway_actor>(self_),
                    backlog = backlog_](bus::message arrived) {
    if (++*backlog <= max_backlog)
      caf::anon_send(self, std::move(arrived));
    else
      --*backlog;
  };
  auto listening = context_->bus->subscribe(subject, std::move(hand_over));
  if (listening)
    served.subscriptions.push_back(std::move(*listening));
  else
    self_->quit(exit_reason_of(listening.error()));
}

void gateway_state::stop_listening(oid database) {
  std::erase_if(databases_, [&](const auto& served) {
    return served.first.database == database;
  });
}

void gateway_state::detach(oid database) {
  stop_listening(database);
  for (const auto& entry : ledger_.take_all_of(database))
    give_up(entry, call_interrupted());
}

// -- calls --------------------------------------------------------------------

void gateway_state::take(const bus::message& arrived) {
  const auto address = bus::address_of(arrived.subject);
  const auto found = address ? databases_.find(*address) : databases_.end();
  if (found != databases_.end())
    take_from(found->second, arrived);
  else
    garbage("subject of no database served here");
}

void gateway_state::take_from(served_database& served,
                              const bus::message& arrived) {
  auto asked = wire::decode_signed_call(arrived.payload);
  if (!asked)
    return garbage("payload is not a call");
  const auto now = served.terms.clock.at(self_->clock().now());
  const auto method = bus::last_token(arrived.subject);
  if (auto verified
      = wire::verify(*asked, served.terms.secret, method, served.guard, now);
      !verified)
    return reject(arrived.reply_to, verified.error());
  if (asked->content.method == "cancel")
    cancel(served, *asked);
  else if (arrived.reply_to.starts_with(inbox_prefix))
    begin(served, arrived.reply_to, std::move(*asked));
  else
    garbage("reply subject is not an inbox");
}

void gateway_state::begin(served_database& served, const std::string& reply_to,
                          wire::signed_call asked) {
  const auto now = self_->clock().now();
  auto& ticket = asked.content.ticket;
  ticket.cancelled = std::make_shared<std::atomic<bool>>(false);
  const auto latest = served.terms.clock.at(now + longest_call);
  const auto deadline
    = served.terms.clock.moment_of(std::min(asked.deadline, latest));
  if (auto admitted
      = ledger_.admit({ticket.id, reply_to, served.terms.address.database,
                       asked.content.method, now, deadline, ticket.cancelled},
                      now);
      !admitted)
    return reject(reply_to, admitted.error());
  reply(reply_to, wire::encode_alive());
  keep_looking();
  const auto id = ticket.id;
  self_->request(served.terms.supervisor, caf::infinite, asked.content)
    .then([this, id](const call_outcome& outcome) { settle(id, outcome.json); },
          [this, id](const caf::error&) {
            settle(id, tl::unexpected(call_interrupted()));
          });
}

void gateway_state::cancel(served_database& served,
                           const wire::signed_call& asked) {
  call_arguments arguments{asked.content.arguments};
  const auto id = arguments.text("id");
  const auto* entry = ledger_.find(id);
  if (entry == nullptr || entry->database != served.terms.address.database)
    return;
  *entry->cancelled = true;
  static_cast<void>(ledger_.settle(id));
  self_->send(served.terms.supervisor, call_cancelled{id});
}

void gateway_state::settle(const std::string& id,
                           const result<std::string>& outcome) {
  const auto entry = ledger_.settle(id);
  if (!entry)
    return;
  count(*entry,
        outcome ? metrics::call_outcome::ok : metrics::call_outcome::failed);
  if (!outcome)
    return reply(entry->reply_to, wire::encode_error(outcome.error()));
  for (const auto& part : wire::encode_result(*outcome))
    reply(entry->reply_to, part);
}

/// Answers at once, whatever its work is doing, and keeps it from beginning.
void gateway_state::give_up(const call_ledger::entry& entry,
                            const failure& reason) {
  *entry.cancelled = true;
  count(entry, reason.code == errc::deadline_exceeded
                 ? metrics::call_outcome::expired
                 : metrics::call_outcome::failed);
  reply(entry.reply_to, wire::encode_error(reason));
}

void gateway_state::count(const call_ledger::entry& entry,
                          metrics::call_outcome outcome) {
  context_->metrics->called(
    entry.method, outcome,
    std::chrono::duration_cast<std::chrono::microseconds>(self_->clock().now()
                                                          - entry.began));
}

void gateway_state::look_after_calls() {
  is_looking_ = false;
  const auto due = ledger_.take_due(self_->clock().now());
  for (const auto& entry : due.alive)
    reply(entry.reply_to, wire::encode_alive());
  for (const auto& entry : due.expired) {
    give_up(entry, {errc::deadline_exceeded, "the call's time is over"});
    for (const auto& [address, served] : databases_)
      if (address.database == entry.database)
        self_->send(served.terms.supervisor, call_cancelled{entry.id});
  }
  keep_looking();
}

void gateway_state::keep_looking() {
  if (is_looking_ || ledger_.empty())
    return;
  is_looking_ = true;
  self_->delayed_send(self_, look_interval, pulse{});
}

void gateway_state::reject(const std::string& reply_to, const failure& reason) {
  garbage(reason.message);
  // Who comes too late waits no more.
  if (reason.code != errc::deadline_exceeded
      && reply_to.starts_with(inbox_prefix))
    reply(reply_to, wire::encode_error(reason));
}

void gateway_state::garbage(std::string_view why) {
  context_->metrics->called("other", metrics::call_outcome::rejected, {});
  if (const auto count = rejections_.occurred(self_->clock().now()))
    spdlog::warn("gateway: rejected {} messages, the last one because: {}",
                 *count, why);
}

void gateway_state::reply(const std::string& reply_to,
                          const std::string& payload) {
  if (auto sent = context_->bus->publish(reply_to, payload); !sent)
    spdlog::debug("gateway: reply lost: {}", sent.error().message);
}

gateway_actor::behavior_type
gateway(gateway_actor::stateful_pointer<gateway_state> self,
        context_ptr context) {
  return self->state.make_behavior(std::move(context));
}

} // namespace pgtrickle
