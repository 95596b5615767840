#include "actors/work_in_progress.hpp"

namespace pgtrickle {

void work_in_progress::began(const work_started& work) {
  works_[work.worker_pid] = work;
}

void work_in_progress::ended(const work_finished& work) {
  const auto found = works_.extract(work.worker_pid);
  if (!found.empty())
    cancelled_calls_.erase(found.mapped().ticket.id);
}

result<std::vector<work_in_progress::blocked_call>>
work_in_progress::blocked(postgres::session& db) const {
  std::vector<blocked_call> calls;
  std::vector<observation::working_pair> pairs;
  for (const auto& [pid, work] : works_)
    if (work.ticket.backend_pid != 0)
      pairs.push_back({pid, work.ticket.backend_pid});
  if (pairs.empty())
    return calls;
  const auto found = observation::blocked_by_caller(db, pairs);
  if (!found)
    return tl::unexpected(found.error());
  for (const auto& [pid, object] : *found)
    calls.push_back({works_.at(pid).ticket.id, object});
  return calls;
}

result<void> work_in_progress::cancel_call(postgres::session& db,
                                           const std::string& call_id) {
  for (const auto& [pid, work] : works_)
    if (work.ticket.id == call_id) {
      cancelled_calls_.insert(call_id);
      if (auto done = observation::cancel_backend(db, pid); !done)
        return done;
    }
  return {};
}

result<void> work_in_progress::repeat_cancels(postgres::session& db) const {
  for (const auto& [pid, work] : works_)
    if (cancelled_calls_.contains(work.ticket.id))
      if (auto done = observation::cancel_backend(db, pid); !done)
        return done;
  return {};
}

result<void> work_in_progress::cancel_all(postgres::session& db) const {
  for (const auto& [pid, work] : works_)
    if (auto done = observation::cancel_backend(db, pid); !done)
      return done;
  return {};
}

} // namespace pgtrickle
