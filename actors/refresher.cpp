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

/// Between two looks for workers that are to end.
constexpr std::chrono::seconds rest_interval{1};
/// Longer than the usual schedules: a worker that is needed again and again
/// keeps its connection, plans and staging tables.
constexpr std::chrono::seconds idle_for_long{15};

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
    if (worker.handle)
      caf::anon_send_exit(worker.handle, caf::exit_reason::user_shutdown);
}

refresher_actor::behavior_type
refresher_state::make_behavior(refresher_equipment equipment) {
  equipment_ = std::move(equipment);
  queue_ = worker_queue{equipment_.workers};
  workers_.resize(equipment_.workers);
  return {
    [this](const refresh_task& task) { return accept(task); },
    [this](sweep_due) { sweep(); },
    [this](rest_due) { let_rest(); },
  };
}

caf::result<refresh_result> refresher_state::accept(const refresh_task& task) {
  if (task.order.tables.empty())
    return refresh_result{std::vector<engine::refresh_outcome>{}, {}};
  const auto is_urgent = task.order.by != engine::initiator::scheduler;
  const auto order
    = queue_.add(task.order.tables.back(), is_urgent, task.deadline);
  if (!order)
    return failed(order.error());
  auto answer = self_->make_response_promise<refresh_result>();
  tasks_.try_emplace(*order, accepted_task{task, answer});
  ask_for_slots();
  return answer;
}

/// One for each order that could begin.
void refresher_state::ask_for_slots() {
  while (slots_asked_ < std::min(queue_.waiting(), queue_.idle()))
    ask_for_slot();
  tell_load();
}

void refresher_state::ask_for_slot() {
  ++slots_asked_;
  self_
    ->request(equipment_.budget, caf::infinite,
              slot_wanted{equipment_.database, equipment_.quota})
    .then([this](slot_granted) { use_slot(); },
          // The whole node starts again: nothing is granted any more.
          [](const caf::error&) {});
}

void refresher_state::use_slot() {
  --slots_asked_;
  if (const auto next = queue_.take_next()) {
    start(next->order, next->worker);
    return tell_load();
  }
  return_slot();
}

void refresher_state::return_slot() {
  self_->send(equipment_.budget, slot_returned{equipment_.database});
}

void refresher_state::tell_load() {
  equipment_.load_changed(
    {static_cast<std::uint32_t>(queue_.active()),
     static_cast<std::uint32_t>(queue_.waiting()),
     static_cast<std::uint32_t>(queue_.late(self_->clock().now()))});
}

void refresher_state::start(order_id order, worker_queue::worker_index worker) {
  self_->request(at_work(worker), caf::infinite, tasks_.at(order).task)
    .then([this, order, worker](
            const refresh_result& result) { finished(order, worker, result); },
          [this, order, worker](const caf::error&) {
            bury(worker);
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
  free(worker);
}

// -- sweeping -----------------------------------------------------------------

void refresher_state::plan_sweep(std::chrono::milliseconds delay) {
  if (sweep_is_planned_)
    return;
  sweep_is_planned_ = true;
  self_->delayed_send(self_, delay, sweep_due{});
}

/// It takes a worker as a refresh does, and lets refreshes go first.
void refresher_state::sweep() {
  sweep_is_planned_ = false;
  if (queue_.waiting() > 0 || queue_.idle() == 0)
    return plan_sweep(sweep_retry);
  self_
    ->request(equipment_.budget, caf::infinite,
              slot_wanted{equipment_.database, equipment_.quota})
    .then([this](slot_granted) { begin_sweep(); }, [](const caf::error&) {});
}

void refresher_state::begin_sweep() {
  const auto worker = queue_.take_idle_worker();
  if (!worker) {
    return_slot();
    return plan_sweep(sweep_retry);
  }
  self_->request(at_work(*worker), caf::infinite, sweep_request{})
    .then(
      [this, index = *worker](const sweep_report& report) {
        if (!report.deleted)
          spdlog::warn("sweep: {}", report.deleted.error().message);
        free(index);
      },
      [this, index = *worker](const caf::error&) {
        bury(index);
        free(index);
      });
}

// -- workers ------------------------------------------------------------------

const refresh_worker_actor&
refresher_state::at_work(worker_queue::worker_index worker) {
  auto& handle = workers_[worker].handle;
  if (!handle)
    handle = equipment_.spawn_worker();
  return handle;
}

void refresher_state::free(worker_queue::worker_index worker) {
  queue_.finished(worker);
  return_slot();
  ask_for_slots();
  workers_[worker].idle_since = self_->clock().now();
  plan_rest();
}

/// A request's error means that the worker is gone: an exception is a bug, and
/// costs its order only.
void refresher_state::bury(worker_queue::worker_index worker) {
  spdlog::error("refresher: a worker died, another takes its place");
  workers_[worker].handle = nullptr;
}

void refresher_state::plan_rest() {
  if (rest_is_planned_)
    return;
  rest_is_planned_ = true;
  self_->delayed_send(self_, rest_interval, rest_due{});
}

void refresher_state::let_rest() {
  rest_is_planned_ = false;
  if (queue_.waiting() > 0)
    tell_load();
  const auto is_pressed = equipment_.is_pressed();
  const auto now = self_->clock().now();
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    auto& worker = workers_[i];
    if (!worker.handle)
      continue;
    if (queue_.is_idle(i)
        && (is_pressed || now - worker.idle_since >= idle_for_long)) {
      self_->send_exit(worker.handle, caf::exit_reason::user_shutdown);
      worker.handle = nullptr;
    } else {
      plan_rest();
    }
  }
}

refresher_actor::behavior_type
refresher(refresher_actor::stateful_pointer<refresher_state> self,
          refresher_equipment equipment) {
  return self->state.make_behavior(std::move(equipment));
}

} // namespace pgtrickle
