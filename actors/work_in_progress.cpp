#include "actors/work_in_progress.hpp"

#include <algorithm>

namespace pgtrickle {

namespace {

/// What ends before is not worth a look.
constexpr std::chrono::milliseconds short_work{400};

} // namespace

void work_in_progress::began(const work_started& started, time_point now) {
  works_[started.worker_pid] = {started, now};
}

void work_in_progress::ended(const work_finished& work) {
  const auto found = works_.extract(work.worker_pid);
  if (found.empty())
    return;
  cancelled_calls_.erase(found.mapped().ticket.id);
  for (const auto table : found.mapped().scheduled)
    found.mapped().gave_way ? void(gave_way_.insert(table))
                            : void(gave_way_.erase(table));
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
    if (work.gave_way || cancelled_calls_.contains(work.ticket.id))
      if (auto done = observation::cancel_backend(db, pid); !done)
        return done;
  return {};
}

std::vector<int> work_in_progress::patient_ones(time_point now) const {
  std::vector<int> pids;
  for (const auto& [pid, work] : works_)
    if (!work.scheduled.empty() && !work.gave_way
        && now - work.since >= short_work
        && std::ranges::none_of(work.scheduled, [&](auto table) {
             return gave_way_.contains(table);
           }))
      pids.push_back(pid);
  return pids;
}

result<std::vector<observation::delayed_user>>
work_in_progress::give_way(postgres::session& db, time_point now) {
  const auto pids = patient_ones(now);
  if (pids.empty())
    return std::vector<observation::delayed_user>{};
  auto delayed = observation::delayed_by(db, pids);
  if (!delayed)
    return delayed;
  for (const auto& user : *delayed) {
    works_.at(user.worker_pid).gave_way = true;
    if (auto done = observation::cancel_backend(db, user.worker_pid); !done)
      return tl::unexpected(std::move(done.error()));
  }
  return delayed;
}

result<void> work_in_progress::cancel_all(postgres::session& db) const {
  for (const auto& [pid, work] : works_)
    if (auto done = observation::cancel_backend(db, pid); !done)
      return done;
  return {};
}

} // namespace pgtrickle
