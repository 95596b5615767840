// How the watcher comes to own its database.

#include "actors/exit_reasons.hpp"
#include "actors/settings_reading.hpp"
#include "actors/watcher.hpp"
#include "services/engine/registration.hpp"
#include "services/observation/settings.hpp"

#include <spdlog/spdlog.h>

namespace pgtrickle {

namespace {

/// How often a database that can't be owned yet is tried again.
constexpr std::chrono::seconds claim_interval{1};

} // namespace

void watcher_state::claim() {
  if (!db_) {
    auto opened = postgres::session::open(
      context_->session_for(database_.name, "watcher"));
    if (!opened)
      return self_->quit(exit_reason_of(opened.error()));
    db_ = std::move(*opened);
  }
  auto claimed = observation::claim_ownership(
    *db_, {context_->node, context_->version}, database_.id);
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
    case observation::claim::too_new:
      if (failures_.occurred(self_->clock().now()))
        spdlog::error("database {}: its extension is of version {}, and this "
                      "pgtrickled of {}: install pgtrickled {}",
                      database_.name, claimed->facts.version, context_->version,
                      claimed->facts.version);
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
  looked_at_ = std::chrono::system_clock::now();
  const auto ready
    = observation::begin_to_watch(*db_, facts_)
        .and_then([&] { return gate_.begin(*db_, facts_); })
        .and_then([&] { return observation::read_settings(*db_); })
        .map([&](config::settings read) { settings_ = std::move(read); })
        .and_then([&] {
          return engine::close_interrupted_refreshes(*db_, facts_.fence);
        });
  if (!ready)
    return self_->quit(exit_reason_of(ready.error()));
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

} // namespace pgtrickle
