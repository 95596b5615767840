#pragma once

#include "messages/interfaces.hpp"
#include "services/coordination/worker_queue.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <map>

namespace pgtrickle {

/// Starts one refresh worker.
using worker_factory = std::function<refresh_worker_actor()>;

/// Who is told how busy the workers are.
using load_listener = std::function<void(worker_load)>;

/// Hands orders to idle workers, and their results back.
class refresher_state {
public:
  static constexpr const char* name = "refresher";

  explicit refresher_state(refresher_actor::pointer self) : self_(self) {}
  refresher_state(const refresher_state&) = delete;
  refresher_state& operator=(const refresher_state&) = delete;
  /// The workers end with the refresher, each after what it is doing.
  ~refresher_state();

  refresher_actor::behavior_type make_behavior(std::size_t workers,
                                               worker_factory spawn_worker,
                                               load_listener load_changed);

private:
  using promise = caf::typed_response_promise<refresh_result>;

  struct accepted_task {
    refresh_task task;
    promise answer;
    bool was_retried = false;
  };

  caf::result<refresh_result> accept(const refresh_task& task);
  void hand_out();
  void start(order_id order, worker_queue::worker_index worker);
  void finished(order_id order, worker_queue::worker_index worker,
                const refresh_result& result);
  void settle(order_id order, worker_queue::worker_index worker,
              refresh_result result);
  void sweep();
  void plan_sweep(std::chrono::milliseconds delay);
  void replace_dead(worker_queue::worker_index worker);

  refresher_actor::pointer self_;
  worker_factory spawn_worker_;
  load_listener load_changed_;
  std::vector<refresh_worker_actor> workers_;
  worker_queue queue_{0};
  std::map<order_id, accepted_task> tasks_;
  bool sweep_is_planned_ = false;
};

refresher_actor::behavior_type
refresher(refresher_actor::stateful_pointer<refresher_state> self,
          std::size_t workers, worker_factory spawn_worker,
          load_listener load_changed);

} // namespace pgtrickle
