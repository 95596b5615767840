#include "services/coordination/worker_queue.hpp"

#include <algorithm>

namespace pgtrickle {

worker_queue::worker_queue(std::size_t workers) : workers_(workers) {
  for (worker_index i = 0; i < workers; ++i)
    idle_.insert(i);
}

result<order_id> worker_queue::add(stream_table_id table, bool is_urgent,
                                   time_point deadline) {
  if (waiting_.size() >= max_waiting)
    return fail(errc::overloaded, "too many refreshes wait for a worker",
                "Raise pg_trickle.max_concurrent_refreshes.");
  const order_id id{++last_id_};
  waiting_.emplace(place{!is_urgent, deadline, id}, table);
  return id;
}

std::optional<worker_queue::assignment> worker_queue::take_next() {
  if (waiting_.empty() || idle_.empty())
    return std::nullopt;
  const auto [place, table] = *waiting_.begin();
  waiting_.erase(waiting_.begin());
  const auto last = last_worker_.find(table);
  const auto worker = last != last_worker_.end() && idle_.contains(last->second)
                        ? last->second
                        : *idle_.begin();
  idle_.erase(worker);
  last_worker_.insert_or_assign(table, worker);
  return assignment{place.id, worker};
}

std::optional<worker_queue::worker_index> worker_queue::take_idle_worker() {
  if (!waiting_.empty() || idle_.empty())
    return std::nullopt;
  const auto worker = *idle_.begin();
  idle_.erase(idle_.begin());
  return worker;
}

std::size_t worker_queue::late(time_point now) const {
  return static_cast<std::size_t>(
    std::count_if(waiting_.begin(), waiting_.end(), [&](const auto& order) {
      return order.first.can_wait && order.first.deadline < now;
    }));
}

void worker_queue::finished(worker_index worker) { idle_.insert(worker); }

} // namespace pgtrickle
