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

/// Whether what is idle should make room for others.
using pressure = std::function<bool()>;

struct refresher_equipment {
  /// That work at a time at most.
  std::size_t workers = 1;
  oid database = 0;
  /// pg_trickle.per_database_worker_quota.
  std::uint32_t quota = 0;
  worker_factory spawn_worker;
  load_listener load_changed;
  worker_budget_actor budget;
  pressure is_pressed;
};

/// Hands orders to idle workers as the budget lets it, and their results back.
/// Workers start when they are needed, and end when they have long been idle.
class refresher_state {
public:
  static constexpr const char* name = "refresher";

  explicit refresher_state(refresher_actor::pointer self) : self_(self) {}
  refresher_state(const refresher_state&) = delete;
  refresher_state& operator=(const refresher_state&) = delete;
  /// The workers end with the refresher, each after what it is doing.
  ~refresher_state();

  refresher_actor::behavior_type make_behavior(refresher_equipment equipment);

private:
  using promise = caf::typed_response_promise<refresh_result>;

  struct accepted_task {
    refresh_task task;
    promise answer;
    bool was_retried = false;
  };

  caf::result<refresh_result> accept(const refresh_task& task);
  void ask_for_slots();
  void ask_for_slot();
  void use_slot();
  void return_slot();
  void tell_load();
  void start(order_id order, worker_queue::worker_index worker);
  void finished(order_id order, worker_queue::worker_index worker,
                const refresh_result& result);
  void settle(order_id order, worker_queue::worker_index worker,
              refresh_result result);
  void sweep();
  void begin_sweep();
  void plan_sweep(std::chrono::milliseconds delay);

  // -- workers ---
  struct employed_worker {
    /// Null: none was needed of late.
    refresh_worker_actor handle;
    std::chrono::steady_clock::time_point idle_since;
  };

  [[nodiscard]] const refresh_worker_actor&
  at_work(worker_queue::worker_index worker);
  void free(worker_queue::worker_index worker);
  void bury(worker_queue::worker_index worker);
  void let_rest();
  void plan_rest();

  refresher_actor::pointer self_;
  refresher_equipment equipment_;
  std::vector<employed_worker> workers_;
  worker_queue queue_{0};
  std::map<order_id, accepted_task> tasks_;
  /// Slots that were asked for and not yet granted.
  std::size_t slots_asked_ = 0;
  bool sweep_is_planned_ = false;
  bool rest_is_planned_ = false;
};

refresher_actor::behavior_type
refresher(refresher_actor::stateful_pointer<refresher_state> self,
          refresher_equipment equipment);

} // namespace pgtrickle
