#include "services/coordination/worker_queue.hpp"

namespace pgtrickle {

worker_queue::worker_queue(std::size_t workers) : workers_(workers) {
  for (worker_index i = 0; i < workers; ++i)
    idle_.insert(i);
}

result<order_id> worker_queue::add(stream_table_id table, bool is_urgent) {
  if (waiting_.size() >= max_waiting)
    return fail(errc::overloaded, "too many refreshes wait for a worker",
                "Raise pg_trickle.max_concurrent_refreshes.");
  const waiting_order order{order_id{++last_id_}, table};
  // A caller waits for an urgent one; the scheduler's can be a little later.
  if (is_urgent)
    waiting_.push_front(order);
  else
    waiting_.push_back(order);
  return order.id;
}

std::optional<worker_queue::assignment> worker_queue::take_next() {
  if (waiting_.empty() || idle_.empty())
    return std::nullopt;
  const auto order = waiting_.front();
  waiting_.pop_front();
  const auto last = last_worker_.find(order.table);
  const auto worker = last != last_worker_.end() && idle_.contains(last->second)
                        ? last->second
                        : *idle_.begin();
  idle_.erase(worker);
  last_worker_.insert_or_assign(order.table, worker);
  return assignment{order.id, worker};
}

std::optional<worker_queue::worker_index> worker_queue::take_idle_worker() {
  if (!waiting_.empty() || idle_.empty())
    return std::nullopt;
  const auto worker = *idle_.begin();
  idle_.erase(idle_.begin());
  return worker;
}

void worker_queue::finished(worker_index worker) { idle_.insert(worker); }

} // namespace pgtrickle
