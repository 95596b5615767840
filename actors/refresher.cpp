#include "actors/refresher.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace pgtrickle {

namespace {

constexpr std::chrono::seconds sweep_interval{10};
/// When a sweep is due and no worker is idle.
constexpr std::chrono::seconds sweep_retry{1};

bool has_consumed(const refresh_result& result) {
  return result.outcomes
         && std::any_of(result.outcomes->begin(), result.outcomes->end(),
                        [](const engine::refresh_outcome& outcome) {
                          return outcome.action != "NO_DATA"
                                 && outcome.action != "SKIP";
                        });
}

bool is_serialization_failure(const refresh_result& result) {
  return !result.outcomes
         && result.outcomes.error().code == errc::serialization_failure;
}

refresh_result failed(failure reason) {
  return {tl::unexpected(std::move(reason)), {}};
}

} // namespace

refresher_state::~refresher_state() {
  for (const auto& worker : workers_)
    caf::anon_send_exit(worker, caf::exit_reason::user_shutdown);
}

refresher_actor::behavior_type
refresher_state::make_behavior(std::size_t workers, worker_factory spawn_worker,
                               load_listener load_changed) {
  spawn_worker_ = std::move(spawn_worker);
  load_changed_ = std::move(load_changed);
  queue_ = worker_queue{workers};
  for (std::size_t i = 0; i < workers; ++i)
    workers_.push_back(spawn_worker_());
  return {
    [this](const refresh_task& task) { return accept(task); },
    [this](sweep_due) { sweep(); },
  };
}

caf::result<refresh_result> refresher_state::accept(const refresh_task& task) {
  if (task.order.tables.empty())
    return refresh_result{std::vector<engine::refresh_outcome>{}, {}};
  const auto is_urgent = task.order.by != engine::initiator::scheduler;
  const auto order = queue_.add(task.order.tables.back(), is_urgent);
  if (!order)
    return failed(order.error());
  auto answer = self_->make_response_promise<refresh_result>();
  tasks_.try_emplace(*order, accepted_task{task, answer});
  hand_out();
  return answer;
}

void refresher_state::hand_out() {
  while (const auto next = queue_.take_next())
    start(next->order, next->worker);
  load_changed_({static_cast<std::uint32_t>(queue_.active()),
                 static_cast<std::uint32_t>(queue_.waiting())});
}

void refresher_state::start(order_id order, worker_queue::worker_index worker) {
  self_->request(workers_[worker], caf::infinite, tasks_.at(order).task)
    .then([this, order, worker](
            const refresh_result& result) { finished(order, worker, result); },
          [this, order, worker](const caf::error&) {
            replace_dead(worker);
            settle(order, worker,
                   failed({errc::invariant_violated,
                           "refresh worker died while it refreshed"}));
          });
}

void refresher_state::finished(order_id order,
                               worker_queue::worker_index worker,
                               const refresh_result& result) {
  auto& task = tasks_.at(order);
  if (is_serialization_failure(result) && !task.was_retried) {
    task.was_retried = true;
    return start(order, worker);
  }
  if (has_consumed(result))
    plan_sweep(sweep_interval);
  settle(order, worker, result);
}

void refresher_state::settle(order_id order, worker_queue::worker_index worker,
                             refresh_result result) {
  tasks_.extract(order).mapped().answer.deliver(std::move(result));
  queue_.finished(worker);
  hand_out();
}

// -- sweeping -----------------------------------------------------------------

void refresher_state::plan_sweep(std::chrono::milliseconds delay) {
  if (sweep_is_planned_)
    return;
  sweep_is_planned_ = true;
  self_->delayed_send(self_, delay, sweep_due{});
}

void refresher_state::sweep() {
  sweep_is_planned_ = false;
  const auto worker = queue_.take_idle_worker();
  if (!worker)
    return plan_sweep(sweep_retry);
  const auto done = [this, index = *worker] {
    queue_.finished(index);
    hand_out();
  };
  self_->request(workers_[*worker], caf::infinite, sweep_request{})
    .then(
      [done](const sweep_report& report) {
        if (!report.deleted)
          spdlog::warn("sweep: {}", report.deleted.error().message);
        done();
      },
      [this, index = *worker, done](const caf::error&) {
        replace_dead(index);
        done();
      });
}

/// A request's error means that the worker is gone: an exception is a bug, and
/// costs its order only.
void refresher_state::replace_dead(worker_queue::worker_index worker) {
  spdlog::error("refresher: a worker died, another takes its place");
  workers_[worker] = spawn_worker_();
}

refresher_actor::behavior_type
refresher(refresher_actor::stateful_pointer<refresher_state> self,
          std::size_t workers, worker_factory spawn_worker,
          load_listener load_changed) {
  return self->state.make_behavior(workers, std::move(spawn_worker),
                                   std::move(load_changed));
}

} // namespace pgtrickle
