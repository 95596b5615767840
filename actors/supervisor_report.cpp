// What the supervisor tells of its database.

#include "actors/supervisor.hpp"

#include <spdlog/spdlog.h>

namespace pgtrickle {

void supervisor_state::count(const stream_tables_listed& listed) {
  stream_tables_ = static_cast<std::uint32_t>(listed.listing.tables.size());
  report();
}

void supervisor_state::watch_queue() {
  const auto behind = pressure_.observe(load_.late, self_->clock().now());
  if (!behind)
    return;
  metrics_->behind(*behind);
  if (!*behind)
    return spdlog::info("database {}: its refreshes are in time again",
                        database_.name);
  spdlog::warn("database {}: refreshes wait too long for workers: {} are late "
               "of {} that wait",
               database_.name, load_.late, load_.waiting);
  if (announcer_)
    self_->send(announcer_, queue_behind{load_});
}

void supervisor_state::report() {
  metrics_->workers(static_cast<int>(load_.active),
                    static_cast<int>(load_.waiting));
  if (opened_ && figures_)
    self_->send(
      cluster_,
      database_report{
        database_.id, database_.name, opened_->facts.fence.epoch,
        stream_tables_, load_.active, load_.waiting,
        static_cast<std::uint32_t>(opened_->settings.per_database_worker_quota),
        pressure_.is_behind(), *figures_});
}

} // namespace pgtrickle
