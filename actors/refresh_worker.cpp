#include "actors/refresh_worker.hpp"

namespace pgtrickle {

refresh_worker_actor::behavior_type refresh_worker_state::make_behavior(
  context_ptr context, database_opened database, watcher_actor watcher) {
  context_ = std::move(context);
  database_ = std::move(database);
  watcher_ = std::move(watcher);
  return {
    [this](const refresh_task& task) { return refresh(task); },
    [this](sweep_request) { return sweep(); },
  };
}

refresh_result refresh_worker_state::refresh(const refresh_task& task) {
  const moment began{std::chrono::steady_clock::now(),
                     std::chrono::system_clock::now()};
  auto open = session();
  if (!open)
    return {tl::unexpected(open.error()), began};
  const auto pid = (*open)->db().backend_pid();
  const auto is_scheduled = task.order.by == engine::initiator::scheduler;
  self_->send(watcher_,
              work_started{pid, task.ticket,
                           is_scheduled ? task.order.tables
                                        : std::vector<stream_table_id>{}});
  auto outcomes
    = task.ticket.is_cancelled()
        ? tl::unexpected(failure{errc::cancelled, "refresh was cancelled"})
        : (*open)->run(task.order, database_.facts.fence);
  self_->send(watcher_, work_finished{pid});
  if ((*open)->is_worn())
    session_.reset();
  if (!outcomes)
    drop_if_lost(outcomes.error());
  else
    keep_statements(*outcomes);
  return {std::move(outcomes), began};
}

void refresh_worker_state::keep_statements(
  std::vector<engine::refresh_outcome>& outcomes) {
  for (auto& one : outcomes)
    if (!one.error && !one.statements.empty())
      context_->statements->keep(database_.facts.name, one.id,
                                 {std::chrono::system_clock::now(), one.action,
                                  one.duration, std::move(one.statements)});
}

sweep_report refresh_worker_state::sweep() {
  auto deleted = session().and_then([&](engine::refresher_session* open) {
    const auto& fence = database_.facts.fence;
    return engine::sweep_change_buffers(open->db(), fence)
      .and_then([&](std::int64_t swept) {
        return engine::prune_history(open->db(), fence).map([&](std::int64_t) {
          return swept;
        });
      });
  });
  if (!deleted)
    drop_if_lost(deleted.error());
  return {std::move(deleted)};
}

result<engine::refresher_session*> refresh_worker_state::session() {
  if (session_)
    return &*session_;
  const auto& settings = database_.settings;
  auto options = context_->session_for(database_.facts.name, "refresher");
  options.lock_timeout
    = std::chrono::milliseconds{settings.refresh_lock_timeout_ms};
  options.statement_timeout
    = std::chrono::milliseconds{settings.refresh_statement_timeout_ms};
  return postgres::session::open(options).map(
    [&](postgres::session db) { return &session_.emplace(std::move(db)); });
}

void refresh_worker_state::drop_if_lost(const failure& reason) {
  if (reason.code == errc::connection_lost)
    session_.reset();
}

refresh_worker_actor::behavior_type refresh_worker(
  refresh_worker_actor::stateful_pointer<refresh_worker_state> self,
  context_ptr context, database_opened database, watcher_actor watcher) {
  return self->state.make_behavior(std::move(context), std::move(database),
                                   std::move(watcher));
}

} // namespace pgtrickle
