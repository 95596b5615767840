#include "actors/registrar.hpp"

#include <spdlog/spdlog.h>

namespace pgtrickle {

namespace {

/// Waits for locks, and for the database, before a pending call has failed.
constexpr int max_pending_attempts = 10;
constexpr std::chrono::seconds pending_retry{1};

failure interrupted() {
  return {errc::connection_lost,
          "the refresh was interrupted",
          {},
          "See whether the call had an effect, and repeat it."};
}

} // namespace

registrar_actor::behavior_type
registrar_state::make_behavior(context_ptr context, database_opened database,
                               watcher_actor watcher, scheduler_actor scheduler,
                               gateway_actor gateway) {
  context_ = std::move(context);
  database_ = std::move(database);
  watcher_ = std::move(watcher);
  scheduler_ = std::move(scheduler);
  gateway_ = std::move(gateway);
  return {
    [this](const call& asked) { return answer(asked); },
    [this](pending_calls_waiting) { begin_pending(); },
  };
}

// -- calls --------------------------------------------------------------------

caf::result<call_outcome> registrar_state::answer(const call& asked) {
  auto promise = self_->make_response_promise<call_outcome>();
  perform(asked, [promise](result<std::string> outcome) mutable {
    promise.deliver(call_outcome{std::move(outcome)});
  });
  return promise;
}

void registrar_state::perform(const call& asked, const continuation& done) {
  auto effect = take_effect(asked);
  if (!effect) {
    drop_if_lost(effect.error());
    return done(tl::unexpected(effect.error()));
  }
  tell(asked, *effect);
  if (effect->catalog_changed && !effect->to_fill)
    list_stream_tables();
  complete(asked, *effect, done);
}

result<call_effect> registrar_state::take_effect(const call& asked) {
  auto open = session();
  if (!open)
    return tl::unexpected(open.error());
  const auto pid = (*open)->backend_pid();
  self_->send(watcher_, work_started{pid, asked.ticket});
  auto effect = asked.ticket.is_cancelled()
                  ? fail(errc::cancelled, "call was cancelled")
                  : carry_out(**open, asked.by, asked.method, asked.arguments,
                              database_.facts.fence);
  self_->send(watcher_, work_finished{pid});
  return effect;
}

void registrar_state::complete(const call& asked, const call_effect& effect,
                               const continuation& done) {
  if (effect.to_fill)
    fill(*effect.to_fill, asked, effect.json, done);
  else if (effect.to_refresh)
    refresh(*effect.to_refresh, asked, done);
  else
    done(effect.json);
}

/// A stream table that can't be filled is not left behind.
void registrar_state::fill(stream_table_id id, const call& asked,
                           const std::string& json, const continuation& done) {
  refresh_request request{id, engine::initiator::initial, asked.ticket};
  request.catalog = catalog();
  const auto undo = [this, id, done](const failure& reason) {
    discard(id);
    done(tl::unexpected(reason));
  };
  self_->request(scheduler_, caf::infinite, request)
    .then(
      [json, done, undo](const call_outcome& outcome) {
        if (outcome.json)
          done(json);
        else
          undo(outcome.json.error());
      },
      [undo](const caf::error&) { undo(interrupted()); });
}

/// What the caller has committed before it called must be seen, so the watcher
/// looks first.
void registrar_state::refresh(stream_table_id id, const call& asked,
                              const continuation& done) {
  const refresh_request request{id, engine::initiator::manual, asked.ticket};
  const auto lost
    = [done](const caf::error&) { done(tl::unexpected(interrupted())); };
  const auto order = [this, request, done, lost](const sources_touched& seen) {
    self_->send(scheduler_, seen);
    self_->request(scheduler_, caf::infinite, request)
      .then([done](const call_outcome& outcome) { done(outcome.json); }, lost);
  };
  self_->request(watcher_, caf::infinite, look_request{}).then(order, lost);
}

void registrar_state::discard(stream_table_id id) {
  const auto discarded = session().and_then([&](postgres::session* db) {
    return engine::discard_stream_table(*db, id, database_.facts.fence);
  });
  if (!discarded) {
    spdlog::error("database {}: stream table {} could not be discarded: {}",
                  database_.facts.name, static_cast<std::int64_t>(id),
                  discarded.error().message);
    drop_if_lost(discarded.error());
  }
  list_stream_tables();
}

void registrar_state::tell(const call& asked, const call_effect& effect) {
  for (const auto& notice : effect.notices)
    self_->send(gateway_, call_notice{asked.ticket.id, notice});
}

void registrar_state::list_stream_tables() {
  if (auto listed = catalog())
    self_->send(scheduler_, std::move(*listed));
}

std::optional<stream_tables_listed> registrar_state::catalog() {
  auto tables = session().and_then(
    [](postgres::session* db) { return engine::stream_tables(*db); });
  if (tables)
    return stream_tables_listed{std::move(*tables)};
  drop_if_lost(tables.error());
  return std::nullopt;
}

// -- pending calls ------------------------------------------------------------

void registrar_state::begin_pending() {
  if (is_at_pending_)
    return;
  is_at_pending_ = true;
  next_pending();
}

void registrar_state::next_pending() {
  auto next = session().and_then(
    [](postgres::session* db) { return observation::next_pending_call(*db); });
  if (!next)
    return retry_pending(next.error());
  is_at_pending_ = next->has_value();
  if (!is_at_pending_)
    return;
  const auto& pending = **next;
  const call asked{{}, pending.method, pending.arguments, pending.by};
  perform(asked, [this, pending](const result<std::string>& outcome) {
    end_pending(pending, outcome);
  });
}

void registrar_state::end_pending(const observation::pending_call& pending,
                                  const result<std::string>& outcome) {
  if (!outcome && reaction_to(outcome.error().code) == reaction::retry
      && ++pending_attempts_ < max_pending_attempts)
    return retry_pending(outcome.error());
  pending_attempts_ = 0;
  const auto& fence = database_.facts.fence;
  const auto noted = session().and_then([&](postgres::session* db) {
    return outcome ? observation::close_pending_call(*db, pending.id, fence)
                   : observation::fail_pending_call(*db, pending,
                                                    outcome.error(), fence);
  });
  if (!noted)
    return retry_pending(noted.error());
  next_pending();
}

void registrar_state::retry_pending(const failure& reason) {
  drop_if_lost(reason);
  spdlog::warn("database {}: pending calls wait: {}", database_.facts.name,
               reason.message);
  is_at_pending_ = false;
  self_->delayed_send(self_, pending_retry, pending_calls_waiting{});
}

// -- connection ---------------------------------------------------------------

result<postgres::session*> registrar_state::session() {
  if (db_)
    return &*db_;
  return postgres::session::open(
           context_->session_for(database_.facts.name, "registrar"))
    .map([&](postgres::session db) { return &db_.emplace(std::move(db)); });
}

void registrar_state::drop_if_lost(const failure& reason) {
  if (reason.code == errc::connection_lost)
    db_.reset();
}

registrar_actor::behavior_type
registrar(registrar_actor::stateful_pointer<registrar_state> self,
          context_ptr context, database_opened database, watcher_actor watcher,
          scheduler_actor scheduler, gateway_actor gateway) {
  return self->state.make_behavior(std::move(context), std::move(database),
                                   std::move(watcher), std::move(scheduler),
                                   std::move(gateway));
}

} // namespace pgtrickle
