#include "actors/watcher.hpp"

#include "actors/exit_reasons.hpp"
#include "actors/settings_reading.hpp"
#include "services/engine/registration.hpp"
#include "services/observation/discovery.hpp"
#include "services/observation/settings.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace pgtrickle {

namespace {

/// How often a database that can't be owned yet is tried again.
constexpr std::chrono::seconds claim_interval{1};
/// How often an owner shows that it is there, at least.
constexpr std::chrono::milliseconds sign_of_life{1000};
/// How often notifications are looked for at least: no query unless there is
/// one.
constexpr std::chrono::milliseconds pulse_interval{250};
/// The same while calls are worked on, whose callers may block them.
constexpr std::chrono::milliseconds guard_interval{100};

} // namespace

watcher_actor::behavior_type
watcher_state::make_behavior(context_ptr context, database_id database,
                             supervisor_actor supervisor,
                             gateway_actor gateway) {
  context_ = std::move(context);
  database_ = std::move(database);
  supervisor_ = std::move(supervisor);
  gateway_ = std::move(gateway);
  self_->send(self_, claim_due{});
  return {
    [this](claim_due) { claimed_ ? open() : claim(); },
    [this](pulse) { look(); },
    [this](look_request) { return new_changes(); },
    [this](const sources_awaited& awaited) {
      pace_.await(awaited.sources);
      next_look_ = {};
    },
    [this](const work_started& work) { works_.began(work); },
    [this](const work_finished& work) { works_.ended(work); },
    [this](const call_cancelled& call) { cancel_work(call.call_id); },
    [this](work_halted) { halt(); },
    [this](reload_requested) { reload(); },
    [this](const settings_read& read) { take_settings(read); },
  };
}

// -- ownership ----------------------------------------------------------------

void watcher_state::claim() {
  if (!db_) {
    auto opened = postgres::session::open(
      context_->session_for(database_.name, "watcher"));
    if (!opened)
      return self_->quit(exit_reason_of(opened.error()));
    db_ = std::move(*opened);
  }
  auto claimed
    = observation::claim_ownership(*db_, context_->node, database_.id);
  if (!claimed)
    return self_->quit(exit_reason_of(claimed.error()));
  switch (claimed->state) {
    case observation::claim::owned:
      claimed_ = std::move(claimed->facts);
      return open();
    case observation::claim::on_standby:
      if (failures_.occurred(self_->clock().now()))
        spdlog::info("database {}: waits on a standby", database_.name);
      return self_->delayed_send(self_, claim_interval, claim_due{});
    case observation::claim::owned_by_other:
      return dislodge();
    case observation::claim::gone:
      self_->send(supervisor_, database_closed{});
      return self_->quit();
  }
}

/// The lock is waited for without a pause: who waits is seen by its owner, and
/// has it as soon as that one lets go.
void watcher_state::dislodge() {
  const auto ended = observation::end_silent_owner(*db_, context_->lease);
  if (!ended)
    return self_->quit(exit_reason_of(ended.error()));
  for (const auto& one : *ended)
    spdlog::warn("database {}: ended \"{}\", which held it and was silent for "
                 "{} s, or is no daemon's",
                 database_.name, one, context_->lease.count() / 1000);
  self_->send(self_, claim_due{});
}

void watcher_state::open() {
  const auto adopted = adopter_.adopt(*db_, claimed_->name, claimed_->fence,
                                      self_->clock().now());
  if (!adopted)
    return self_->quit(exit_reason_of(adopted.error()));
  if (!*adopted)
    return self_->delayed_send(self_, claim_interval, claim_due{});
  facts_ = std::move(*claimed_);
  const auto ready
    = observation::begin_to_watch(*db_, facts_.fence)
        .and_then([&] { return observation::read_settings(*db_); })
        .map([&](config::settings read) { settings_ = std::move(read); })
        .and_then([&] {
          return engine::close_interrupted_refreshes(*db_, facts_.fence);
        });
  if (!ready)
    return self_->quit(exit_reason_of(ready.error()));
  // Remembers the snapshot: what came before makes all tables pending anyway.
  look_for_changes();
  spdlog::info("database {}: owned, epoch {}", facts_.name, facts_.fence.epoch);
  self_->send(supervisor_, database_opened{facts_, settings_});
  list_stream_tables();
  self_->send(supervisor_, pending_calls_waiting{});
  self_->send(supervisor_, alerts_waiting{});
  self_->send(self_, pulse{});
}

void watcher_state::reload() {
  if (facts_.fence.epoch == 0)
    return;
  begin_reading_settings(context_, database_.name, self_);
  list_stream_tables();
}

void watcher_state::take_settings(const settings_read& read) {
  if (!read.settings)
    return spdlog::error("database {}: settings could not be read: {}",
                         database_.name, read.settings.error().message);
  if (*read.settings == settings_)
    return;
  settings_ = *read.settings;
  self_->send(supervisor_, database_opened{facts_, settings_});
}

// -- what happens in the database ---------------------------------------------

void watcher_state::look() {
  const std::chrono::milliseconds usual{settings_.scheduler_interval_ms};
  take_notifications();
  if (self_->clock().now() >= next_confirmation_) {
    // The extension may have been dropped and created again, with another
    // secret: then the database has to be claimed anew.
    check(observation::confirm_ownership(*db_));
    next_confirmation_ = self_->clock().now() + std::min(usual, sign_of_life);
  }
  if (self_->clock().now() >= next_look_) {
    look_for_changes();
    next_look_ = self_->clock().now() + pace_.next(usual);
  }
  if (self_->clock().now() >= next_guard_) {
    guard_work();
    next_guard_ = self_->clock().now() + guard_interval;
  }
  tell_figures();
  if (halts_by_)
    watch_halt();
  self_->delayed_send(self_, until_next_pulse(), pulse{});
}

std::chrono::milliseconds watcher_state::until_next_pulse() const {
  const auto latest = works_.empty() ? pulse_interval : guard_interval;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
    next_look_ - self_->clock().now());
  return std::clamp(left, std::chrono::milliseconds{0}, latest);
}

void watcher_state::take_notifications() {
  const auto arrived
    = checked(db_->notifications(std::chrono::milliseconds{0}));
  if (!arrived)
    return;
  std::set<std::string> channels;
  for (const auto& [channel, payload] : *arrived)
    channels.insert(channel);
  if (channels.contains("pgtrickle_catalog"))
    list_stream_tables();
  if (channels.contains("pgtrickle_calls"))
    self_->send(supervisor_, pending_calls_waiting{});
  if (channels.contains("pg_trickle_alert"))
    self_->send(supervisor_, alerts_waiting{});
  if (!channels.empty())
    figures_.stir();
}

void watcher_state::tell_figures() {
  const auto now = self_->clock().now();
  if (auto figures = checked(figures_.read(*db_, facts_.fence, now));
      figures && *figures)
    self_->send(supervisor_, std::move(**figures));
}

void watcher_state::look_for_changes() {
  if (auto touched = new_changes(); !touched.sources.empty())
    self_->send(supervisor_, std::move(touched));
}

sources_touched watcher_state::new_changes() {
  const auto since = looked_at_;
  const auto looking_at = std::chrono::system_clock::now();
  auto sources = checked(gate_.look(*db_));
  if (!sources)
    return {};
  looked_at_ = looking_at;
  pace_.looked(*sources);
  if (!sources->empty())
    figures_.stir();
  return {std::move(*sources), since};
}

void watcher_state::list_stream_tables() {
  if (!db_ || facts_.fence.epoch == 0)
    return;
  if (auto tables = checked(engine::stream_tables(*db_)))
    self_->send(supervisor_, stream_tables_listed{std::move(*tables)});
}

// -- work in progress ---------------------------------------------------------

void watcher_state::guard_work() {
  if (works_.empty())
    return;
  if (const auto blocked = checked(works_.blocked(*db_)))
    for (const auto& [call_id, object] : *blocked) {
      self_->send(gateway_, call_refused{call_id,
                                         {errc::caller_holds_lock,
                                          "the calling transaction holds a "
                                          "lock on "
                                            + object,
                                          {},
                                          "Commit first, then call."}});
      cancel_work(call_id);
    }
  check(works_.repeat_cancels(*db_));
}

void watcher_state::cancel_work(const std::string& call_id) {
  check(works_.cancel_call(*db_, call_id));
}

/// Ends once nothing is at work any more.
void watcher_state::halt() {
  halts_by_ = self_->clock().now() + context_->shutdown_deadline;
  if (works_.empty())
    self_->quit();
}

void watcher_state::watch_halt() {
  if (works_.empty())
    return self_->quit();
  if (self_->clock().now() >= *halts_by_)
    check(works_.cancel_all(*db_));
}

// -- failures -----------------------------------------------------------------

template <class T>
std::optional<T> watcher_state::checked(result<T> value) {
  if (value)
    return std::move(*value);
  failed(value.error());
  return std::nullopt;
}

void watcher_state::check(const result<void>& done) {
  if (!done)
    failed(done.error());
}

void watcher_state::failed(const failure& reason) {
  if (reason.code == errc::connection_lost || reason.code == errc::fenced)
    return self_->quit(exit_reason_of(reason));
  const auto extension_there = observation::has_extension(*db_);
  if (extension_there && !*extension_there) {
    self_->send(supervisor_, database_closed{});
    return self_->quit();
  }
  if (const auto count = failures_.occurred(self_->clock().now()))
    spdlog::error("database {}: watching failed {} times, at last: {}",
                  database_.name, *count, reason.message);
}

watcher_actor::behavior_type
watcher(watcher_actor::stateful_pointer<watcher_state> self,
        context_ptr context, database_id database, supervisor_actor supervisor,
        gateway_actor gateway) {
  return self->state.make_behavior(std::move(context), std::move(database),
                                   std::move(supervisor), std::move(gateway));
}

} // namespace pgtrickle
