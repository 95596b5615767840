#include "actors/watcher.hpp"

#include "actors/exit_reasons.hpp"
#include "services/engine/registration.hpp"
#include "services/observation/discovery.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace pgtrickle {

namespace {

/// How often an owner shows that it is there, at least.
constexpr std::chrono::milliseconds sign_of_life{1000};
/// How often work is looked after whose callers may block it.
constexpr std::chrono::milliseconds guard_interval{100};
/// How long a change of the catalog is let rest. A call that creates a stream
/// table tells the scheduler by itself, and comes first; many are read at once.
constexpr std::chrono::milliseconds listing_delay{250};

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
    [this](doorbell_rang) { take_notifications(); },
    [this](look_request) { return new_changes(); },
    [this](const sources_awaited& awaited) {
      pace_.await(awaited.sources);
      next_look_ = {};
      plan_pulse();
    },
    [this](const work_started& work) {
      works_.began(work, self_->clock().now());
      plan_pulse();
    },
    [this](const work_finished& work) {
      works_.ended(work);
      figures_.stir();
    },
    [this](const call_cancelled& call) { cancel_work(call.call_id); },
    [this](work_halted) { halt(); },
    [this](reload_requested) { reload(); },
    [this](const settings_read& read) { take_settings(read); },
  };
}

// -- what happens in the database ---------------------------------------------

void watcher_state::look() {
  const std::chrono::milliseconds usual{settings_.scheduler_interval_ms};
  const auto now = self_->clock().now();
  if (now < next_pulse_)
    return;
  next_pulse_ = {};
  if (next_listing_ && now >= *next_listing_) {
    next_listing_.reset();
    list_stream_tables();
  }
  if (now >= next_look_) {
    look_for_changes();
    next_look_ = now + pace_.next(usual);
    next_confirmation_ = now + sign_of_life;
  }
  if (now >= next_confirmation_) {
    check(observation::confirm_ownership(*db_));
    next_confirmation_ = now + sign_of_life;
  }
  if (now >= next_guard_) {
    guard_work();
    next_guard_ = now + guard_interval;
  }
  tell_figures();
  if (halts_by_)
    watch_halt();
  take_notifications();
  plan_pulse();
}

/// Of several pulses that are under way, the earliest counts.
void watcher_state::plan_pulse() {
  if (facts_.fence.epoch == 0)
    return;
  const auto now = self_->clock().now();
  auto next = std::min(next_look_, next_confirmation_);
  if (next_listing_)
    next = std::min(next, *next_listing_);
  if (!works_.empty())
    next = std::min(next, now + guard_interval);
  next = std::max(next, now);
  if (now < next_pulse_ && next_pulse_ <= next)
    return;
  next_pulse_ = next;
  self_->delayed_send(self_, next - now, pulse{});
}

// -- notifications ------------------------------------------------------------

/// Those that came with the answer to a statement too; the statements that
/// follow from them may bring more.
void watcher_state::take_notifications() {
  for (;;) {
    const auto arrived
      = checked(db_->notifications(std::chrono::milliseconds{0}));
    if (!arrived)
      return;
    if (arrived->empty())
      break;
    std::set<std::string> channels;
    for (const auto& [channel, payload] : *arrived)
      channels.insert(channel);
    notified(channels);
  }
  context_->doorbell->ring_once(db_->socket(), [me = self_->address()] {
    if (const auto here = caf::actor_cast<watcher_actor>(me))
      caf::anon_send(here, doorbell_rang{});
  });
}

void watcher_state::notified(const std::set<std::string>& channels) {
  if (channels.contains("pgtrickle_catalog") && !next_listing_)
    next_listing_ = self_->clock().now() + listing_delay;
  if (channels.contains("pgtrickle_calls"))
    self_->send(supervisor_, pending_calls_waiting{});
  if (channels.contains("pg_trickle_alert"))
    self_->send(supervisor_, alerts_waiting{});
  figures_.stir();
  plan_pulse();
}

// -- what is looked for -------------------------------------------------------

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
  if (sources->empty())
    figures_.saw_nothing(self_->clock().now());
  else
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
  if (const auto served = checked(works_.give_way(*db_, self_->clock().now())))
    for (const auto& user : *served)
      spdlog::info("database {}: a refresh gives way to session {}, which "
                   "waits for {}",
                   facts_.name, user.user_pid, user.object);
  check(works_.repeat_cancels(*db_));
}

void watcher_state::cancel_work(const std::string& call_id) {
  check(works_.cancel_call(*db_, call_id));
}

/// Ends once nothing is at work any more.
void watcher_state::halt() {
  halts_by_ = self_->clock().now() + context_->shutdown_deadline;
  plan_pulse();
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
