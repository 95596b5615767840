#include "actors/call_desk.hpp"

#include <spdlog/spdlog.h>

namespace pgtrickle {

namespace {

/// A connection that is not used for so long is closed.
constexpr std::chrono::seconds idle_for_long{2};

failure interrupted() {
  return {errc::connection_lost,
          "the refresh was interrupted",
          {},
          "See whether the call had an effect, and repeat it."};
}

} // namespace

template <class Actor>
void call_desk<Actor>::open(desk_equipment equipment, carrier carry_out,
                            std::string session_name) {
  context_ = std::move(equipment.context);
  database_ = std::move(equipment.database);
  watcher_ = std::move(equipment.watcher);
  scheduler_ = std::move(equipment.scheduler);
  gateway_ = std::move(equipment.gateway);
  carry_out_ = std::move(carry_out);
  session_name_ = std::move(session_name);
}

// -- calls --------------------------------------------------------------------

template <class Actor>
caf::result<call_outcome> call_desk<Actor>::answer(const call& asked) {
  auto promise = self_->template make_response_promise<call_outcome>();
  perform(asked, [promise](result<std::string> outcome) mutable {
    promise.deliver(call_outcome{std::move(outcome)});
  });
  return promise;
}

template <class Actor>
void call_desk<Actor>::perform(const call& asked, const continuation& done) {
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

template <class Actor>
result<call_effect> call_desk<Actor>::take_effect(const call& asked) {
  auto open = session();
  if (!open)
    return tl::unexpected(open.error());
  const auto pid = (*open)->backend_pid();
  self_->send(watcher_, work_started{pid, asked.ticket});
  auto effect = asked.ticket.is_cancelled()
                  ? fail(errc::cancelled, "call was cancelled")
                  : carry_out_(**open, asked.by, asked.method, asked.arguments,
                               database_.facts.fence);
  self_->send(watcher_, work_finished{pid});
  return effect;
}

template <class Actor>
void call_desk<Actor>::complete(const call& asked, const call_effect& effect,
                                const continuation& done) {
  if (effect.to_fill)
    fill(*effect.to_fill, asked, effect.json, done);
  else if (effect.to_refresh)
    refresh(*effect.to_refresh, asked, done);
  else
    done(effect.json);
}

/// A stream table that can't be filled is not left behind.
template <class Actor>
void call_desk<Actor>::fill(stream_table_id id, const call& asked,
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
template <class Actor>
void call_desk<Actor>::refresh(stream_table_id id, const call& asked,
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

template <class Actor>
void call_desk<Actor>::discard(stream_table_id id) {
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

template <class Actor>
void call_desk<Actor>::tell(const call& asked, const call_effect& effect) {
  for (const auto& notice : effect.notices)
    self_->send(gateway_, call_notice{asked.ticket.id, notice});
}

template <class Actor>
void call_desk<Actor>::list_stream_tables() {
  if (auto listed = catalog())
    self_->send(scheduler_, std::move(*listed));
}

template <class Actor>
std::optional<stream_tables_listed> call_desk<Actor>::catalog() {
  auto tables = session().and_then(
    [](postgres::session* db) { return engine::stream_tables(*db); });
  if (tables)
    return stream_tables_listed{std::move(*tables)};
  drop_if_lost(tables.error());
  return std::nullopt;
}

// -- connection ---------------------------------------------------------------

template <class Actor>
result<postgres::session*> call_desk<Actor>::session() {
  used_at_ = self_->clock().now();
  if (!rest_is_planned_) {
    rest_is_planned_ = true;
    self_->delayed_send(self_, idle_for_long, rest_due{});
  }
  if (db_)
    return &*db_;
  return postgres::session::open(
           context_->session_for(database_.facts.name, session_name_))
    .map([&](postgres::session db) { return &db_.emplace(std::move(db)); });
}

template <class Actor>
void call_desk<Actor>::rest() {
  rest_is_planned_ = false;
  if (!db_)
    return;
  if (self_->clock().now() - used_at_ >= idle_for_long
      || context_->connections->is_pressed())
    return db_.reset();
  rest_is_planned_ = true;
  self_->delayed_send(self_, idle_for_long, rest_due{});
}

template <class Actor>
void call_desk<Actor>::drop_if_lost(const failure& reason) {
  if (reason.code == errc::connection_lost)
    db_.reset();
}

template class call_desk<registrar_actor>;
template class call_desk<clerk_actor>;

} // namespace pgtrickle
