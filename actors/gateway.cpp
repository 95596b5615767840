#include "actors/gateway.hpp"

#include "actors/exit_reasons.hpp"
#include "services/calls/call_arguments.hpp"

#include <caf/actor_cast.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

namespace pgtrickle {

namespace {

constexpr int max_backlog = 4096;
/// A deadline further away is as good as none.
constexpr std::chrono::hours longest_call{24};
/// For how long messages may be on their way.
constexpr std::chrono::seconds longest_delivery{60};

} // namespace

gateway_actor::behavior_type
gateway_state::make_behavior(context_ptr context, doorman_factory doormen) {
  context_ = std::move(context);
  doormen_ = std::move(doormen);
  return {
    [this](const bus::message& arrived) {
      --*backlog_;
      take(arrived);
    },
    [this](const database_attached& terms) { attach(terms); },
    [this](const database_closing& closing) { stop_listening(closing.id); },
    [this](const database_detached& gone) { detach(gone.id); },
    [this](const call_notice& notice) { tell(notice); },
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
  left_.erase(terms.address);
  context_->served->serve(terms.address);
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
  context_->served->stop_serving(database);
  const auto now = self_->clock().now();
  std::erase_if(left_, [&](const auto& one) {
    return now - one.second > longest_delivery;
  });
  std::erase_if(databases_, [&](const auto& served) {
    if (served.first.database != database)
      return false;
    left_[served.first] = now;
    if (served.second.doorman)
      self_->send_exit(served.second.doorman, caf::exit_reason::user_shutdown);
    return true;
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
  if (found == databases_.end())
    return turn_away(address, arrived);
  if (wire::is_program_call(arrived))
    take_from_program(found->second, arrived);
  else
    take_from(found->second, arrived);
}

/// Whoever sent it before the database was let go hears of nobody otherwise.
void gateway_state::turn_away(const std::optional<bus::database_address>& from,
                              const bus::message& arrived) {
  if (!from || !left_.contains(*from))
    return garbage("subject of no database served here");
  const auto format = wire::is_program_call(arrived)
                        ? wire::format_of(arrived)
                        : reply_format::signed_call;
  reject(from->database, arrived.reply_to, format,
         {errc::taking_over,
          "another daemon takes the database over",
          {},
          "Repeat the call."});
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
    return reject(served.terms.address.database, arrived.reply_to,
                  reply_format::signed_call, verified.error());
  if (asked->content.method == "cancel")
    cancel(served, call_arguments{asked->content.arguments}.text("id"));
  else if (bus::is_inbox(arrived.reply_to))
    begin(served, arrived.reply_to, std::move(*asked));
  else
    garbage("reply subject is not an inbox");
}

void gateway_state::take_from_program(served_database& served,
                                      const bus::message& arrived) {
  if (arrived.subject != bus::cancel_subject(served.terms.address)) {
    if (bus::is_inbox(arrived.reply_to))
      begin_program(served, arrived);
    else
      garbage("reply subject is not an inbox");
    return;
  }
  const auto now = served.terms.clock.at(self_->clock().now());
  const auto id = wire::read_program_cancel(arrived, served.terms.address,
                                            served.terms.secret, now);
  if (id)
    cancel(served, *id);
  else
    garbage(id.error().message);
}

result<void> gateway_state::admit(served_database& served,
                                  const std::string& reply_to, call& asked,
                                  bus::database_time deadline,
                                  reply_format format) {
  const auto now = self_->clock().now();
  auto& ticket = asked.ticket;
  ticket.cancelled = std::make_shared<std::atomic<bool>>(false);
  const auto latest = served.terms.clock.at(now + longest_call);
  call_ledger::entry entry{
    ticket.id,
    reply_to,
    served.terms.address.database,
    asked.method,
    now,
    served.terms.clock.moment_of(std::min(deadline, latest)),
    ticket.cancelled,
    format};
  auto admitted = ledger_.admit(std::move(entry), now);
  if (!admitted)
    return admitted;
  if (const auto alive = wire::alive_reply(format))
    reply(reply_to, *alive);
  keep_looking();
  return {};
}

void gateway_state::begin(served_database& served, const std::string& reply_to,
                          wire::signed_call asked) {
  if (auto admitted = admit(served, reply_to, asked.content, asked.deadline,
                            reply_format::signed_call);
      !admitted)
    return reject(served.terms.address.database, reply_to,
                  reply_format::signed_call, admitted.error());
  hand_on(served.terms.supervisor, asked.content);
}

void gateway_state::begin_program(served_database& served,
                                  const bus::message& arrived) {
  const auto& terms = served.terms;
  auto asked = wire::read_program_call(arrived, terms.address, terms.secret,
                                       served.guard,
                                       terms.clock.at(self_->clock().now()));
  if (!asked)
    return reject(terms.address.database, arrived.reply_to,
                  wire::format_of(arrived), asked.error());
  if (auto admitted = admit(served, arrived.reply_to, asked->content,
                            asked->deadline, asked->format);
      !admitted)
    return reject(terms.address.database, arrived.reply_to, asked->format,
                  admitted.error());
  ask_doorman(served, std::move(*asked));
}

/// The token is sound; whether its role still is, and may do this, changes.
void gateway_state::ask_doorman(served_database& served,
                                wire::program_call asked) {
  if (!served.doorman)
    served.doorman = doormen_(self_->system(), served.terms.name);
  auto content = std::move(asked.content);
  const admission_request request{{asked.proof.role, asked.proof.issuer,
                                   asked.proof.issued_at, content.method}};
  const auto id = content.ticket.id;
  auto enter = [this, content, supervisor = served.terms.supervisor](
                 const admission& found) mutable {
    if (!found.bearer)
      return settle(content.ticket.id, tl::unexpected(found.bearer.error()));
    // It may have been given up meanwhile.
    if (ledger_.find(content.ticket.id) == nullptr)
      return;
    content.by.role = found.bearer->role;
    if (content.by.search_path.empty())
      content.by.search_path = found.bearer->search_path;
    hand_on(supervisor, content);
  };
  self_->request(served.doorman, caf::infinite, request)
    .then(std::move(enter), [this, id](const caf::error&) {
      settle(id, tl::unexpected(call_interrupted()));
    });
}

void gateway_state::hand_on(const supervisor_actor& supervisor,
                            const call& asked) {
  const auto id = asked.ticket.id;
  self_->request(supervisor, caf::infinite, asked)
    .then([this, id](const call_outcome& outcome) { settle(id, outcome.json); },
          [this, id](const caf::error&) {
            settle(id, tl::unexpected(call_interrupted()));
          });
}

gateway_actor::behavior_type
gateway(gateway_actor::stateful_pointer<gateway_state> self,
        context_ptr context, doorman_factory doormen) {
  return self->state.make_behavior(std::move(context), std::move(doormen));
}

} // namespace pgtrickle
