// Calls in progress, and what their callers hear of them.
#include "actors/gateway.hpp"

#include <spdlog/spdlog.h>

namespace pgtrickle {

namespace {

constexpr std::chrono::milliseconds look_interval{200};

} // namespace

void gateway_state::cancel(served_database& served, const std::string& id) {
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
        outcome ? metrics::call_outcome::ok : metrics::call_outcome::failed,
        outcome ? "" : outcome.error().message);
  if (!outcome)
    return reply(entry->reply_to,
                 wire::error_reply(entry->format, outcome.error()));
  for (const auto& part :
       wire::result_replies(*entry, *outcome, context_->bus->max_payload()))
    reply(entry->reply_to, part);
}

void gateway_state::tell(const call_notice& notice) {
  const auto* entry = ledger_.find(notice.call_id);
  if (entry == nullptr)
    return;
  if (const auto told = wire::notice_reply(entry->format, notice.text))
    reply(entry->reply_to, *told);
  else
    ledger_.note(notice.call_id, notice.text);
}

/// Answers at once, whatever its work is doing, and keeps it from beginning.
void gateway_state::give_up(const call_ledger::entry& entry,
                            const failure& reason) {
  *entry.cancelled = true;
  count(entry,
        reason.code == errc::deadline_exceeded ? metrics::call_outcome::expired
                                               : metrics::call_outcome::failed,
        reason.message);
  reply(entry.reply_to, wire::error_reply(entry.format, reason));
}

void gateway_state::count(const call_ledger::entry& entry,
                          metrics::call_outcome outcome,
                          std::string_view error) {
  const auto took = self_->clock().now() - entry.began;
  context_->metrics->called(
    entry.method, outcome,
    std::chrono::duration_cast<std::chrono::microseconds>(took));
  context_->served->count(entry.database, took, error);
}

void gateway_state::look_after_calls() {
  is_looking_ = false;
  const auto due = ledger_.take_due(self_->clock().now());
  for (const auto& entry : due.alive)
    if (const auto alive = wire::alive_reply(entry.format))
      reply(entry.reply_to, *alive);
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

void gateway_state::reject(oid database, const std::string& reply_to,
                           reply_format format, const failure& reason) {
  garbage(reason.message);
  context_->served->count(database, {}, reason.message);
  // Who comes too late waits no more.
  if (reason.code != errc::deadline_exceeded && bus::is_inbox(reply_to))
    reply(reply_to, wire::error_reply(format, reason));
}

void gateway_state::garbage(std::string_view why) {
  context_->metrics->called("other", metrics::call_outcome::rejected, {});
  if (const auto count = rejections_.occurred(self_->clock().now()))
    spdlog::warn("gateway: rejected {} messages, the last one because: {}",
                 *count, why);
}

void gateway_state::reply(const std::string& reply_to,
                          const wire::outgoing& told) {
  const auto sent
    = told.headers.empty()
        ? context_->bus->publish(reply_to, told.payload)
        : context_->bus->publish_with(reply_to, told.payload, told.headers);
  if (!sent)
    spdlog::debug("gateway: reply lost: {}", sent.error().message);
}

} // namespace pgtrickle
