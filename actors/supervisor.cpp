#include "actors/supervisor.hpp"

#include "actors/exit_reasons.hpp"
#include "actors/outage_notice.hpp"

#include <caf/actor_cast.hpp>
#include <caf/exit_reason.hpp>
#include <caf/system_messages.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace pgtrickle {

supervisor_actor::behavior_type
supervisor_state::make_behavior(context_ptr context, database_id database,
                                child_factory children, gateway_actor gateway,
                                cluster_actor cluster) {
  stays_alive_ = self_;
  context_ = std::move(context);
  database_ = std::move(database);
  factory_ = std::move(children);
  gateway_ = std::move(gateway);
  cluster_ = std::move(cluster);
  metrics_ = context_->metrics->database(database_.id, database_.name);
  self_->set_down_handler(
    [this](const caf::down_msg& down) { child_died(down); });
  self_->set_exit_handler([this](const caf::exit_msg&) { shut_down(); });
  start_from(the_watcher);
  return {
    [this](const call& asked) { return route(asked); },
    [this](const call_cancelled& cancelled) {
      if (watcher_)
        self_->send(watcher_, cancelled);
    },
    [this](const database_opened& database) { opened(database); },
    [this](database_closed) { shut_down(); },
    [this](const stream_tables_listed& listed) {
      count(listed);
      wake_clerks();
      if (scheduler_)
        self_->send(scheduler_, listed);
    },
    [this](const sources_touched& touched) {
      wake_planner();
      if (scheduler_)
        self_->send(scheduler_, touched);
    },
    [this](pending_calls_waiting waiting) {
      wake_clerks();
      if (registrar_)
        self_->send(registrar_, waiting);
    },
    [this](alerts_waiting waiting) {
      if (announcer_)
        self_->send(announcer_, waiting);
    },
    [this](const worker_load& load) {
      load_ = load;
      if (load.active == 0)
        wake_planner();
      watch_queue();
      report();
    },
    [this](const database_figures& figures) {
      figures_ = figures;
      metrics_->figures(figures);
      report();
    },
    [this](restart_due) { restart(); },
    [this](server_returned) { hurry(); },
    [this](hand_over_due) { hand_over(); },
    [this](hand_over_overdue) { shut_down(); },
    [this](reload_requested request) {
      if (watcher_)
        self_->send(watcher_, request);
    },
  };
}

// -- children -----------------------------------------------------------------

void supervisor_state::start_from(child first) {
  stop_from(first);
  // The others come when the watcher owns the database.
  if (first == the_watcher)
    return start(the_watcher);
  if (!opened_)
    return;
  for (std::size_t i = first; i < child_count; ++i)
    start(static_cast<child>(i));
  // The newcomers know nothing yet: the watcher tells them all there is.
  self_->send(watcher_, reload_requested{});
  self_->send(registrar_, pending_calls_waiting{});
  self_->send(announcer_, alerts_waiting{});
}

void supervisor_state::start(child which) {
  const auto adopt = [&](const auto& started) {
    self_->monitor(started);
    handles_[which] = caf::actor_cast<caf::actor>(started);
    return started;
  };
  switch (which) {
    case the_watcher:
      watcher_ = adopt(factory_.watcher(self_));
      return;
    case the_refresher:
      refresher_ = adopt(factory_.refresher(*opened_, watcher_, self_));
      return;
    case the_scheduler:
      scheduler_ = adopt(factory_.scheduler(*opened_, refresher_, watcher_));
      return;
    case the_registrar:
      registrar_ = adopt(factory_.registrar(*opened_, watcher_, scheduler_));
      return;
    case the_snapshotter:
      snapshotter_
        = adopt(factory_.snapshotter(*opened_, watcher_, scheduler_));
      return;
    case the_planner:
      planner_ = adopt(factory_.planner(*opened_, watcher_, scheduler_));
      return;
    case the_announcer:
      announcer_ = adopt(factory_.announcer(*opened_));
      return;
    case child_count:
      return;
  }
}

void supervisor_state::stop_from(child first) {
  for (std::size_t i = child_count; i-- > first;) {
    auto stopped = std::exchange(handles_[i], {});
    if (!stopped)
      continue;
    self_->demonitor(stopped);
    self_->send_exit(stopped, caf::exit_reason::user_shutdown);
  }
  if (first == the_watcher) {
    opened_.reset();
    figures_.reset();
    self_->send(cluster_, database_detached{database_.id});
  }
  if (first <= the_scheduler)
    scheduler_ = nullptr;
  give_calls_up(first);
}

/// What was called for is finished, as long as that takes no longer than a
/// shutdown may.
void supervisor_state::hand_over() {
  if (is_handing_over_ || is_stopping_)
    return;
  is_handing_over_ = true;
  spdlog::info("database {}: handed over", database_.name);
  self_->send(gateway_, database_closing{database_.id});
  if (calls_.empty())
    return shut_down();
  self_->delayed_send(self_, context_->shutdown_deadline, hand_over_overdue{});
}

/// The watcher goes last: it waits for the work that is in progress.
void supervisor_state::shut_down() {
  if (is_stopping_)
    return;
  is_stopping_ = true;
  self_->send(gateway_, database_detached{database_.id});
  self_->send(cluster_, database_detached{database_.id});
  if (!has_children())
    return self_->quit();
  for (std::size_t i = child_count; i-- > the_refresher;)
    if (handles_[i])
      self_->send_exit(handles_[i], caf::exit_reason::user_shutdown);
  if (handles_[the_watcher])
    self_->send(watcher_, work_halted{});
}

bool supervisor_state::has_children() const {
  return std::any_of(handles_.begin(), handles_.end(), [](const auto& handle) {
    return static_cast<bool>(handle);
  });
}

// -- the database -------------------------------------------------------------

void supervisor_state::note_outage(const caf::error& reason) {
  const auto now = self_->clock().now();
  if (opened_) {
    address_ = {opened_->facts.cluster, database_.id};
    outage_.began(opened_->facts.fence.epoch, now);
  }
  const auto epoch = outage_.tried(now);
  if (!epoch || !factory_.announce)
    return;
  factory_.announce(outage_notice(
    address_, {*epoch, context_->node, database_.name, describe(reason)}));
}

void supervisor_state::opened(const database_opened& database) {
  if (is_stopping_ || self_->current_sender() != watcher_.address())
    return;
  opened_ = database;
  outage_.over();
  to_restart_.reset();
  start_from(the_refresher);
  const auto& facts = database.facts;
  self_->send(
    gateway_,
    database_attached{
      {facts.cluster, facts.id}, facts.secret, facts.clock, self_, facts.name});
  metrics_->up(true);
  report();
}

/// The clerks look seldom while nothing happens.
void supervisor_state::wake_planner() {
  if (planner_)
    self_->send(planner_, look_due{});
}

void supervisor_state::wake_clerks() {
  wake_planner();
  if (snapshotter_)
    self_->send(snapshotter_, look_due{});
}

supervisor_actor::behavior_type
supervisor(supervisor_actor::stateful_pointer<supervisor_state> self,
           context_ptr context, database_id database, child_factory children,
           gateway_actor gateway, cluster_actor cluster) {
  return self->state.make_behavior(std::move(context), std::move(database),
                                   std::move(children), std::move(gateway),
                                   std::move(cluster));
}

} // namespace pgtrickle
