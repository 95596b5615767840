#pragma once

#include "actors/children.hpp"
#include "actors/daemon_context.hpp"
#include "messages/interfaces.hpp"
#include "services/coordination/outage.hpp"
#include "services/coordination/queue_pressure.hpp"
#include "services/scheduling/restart_policy.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <array>
#include <map>
#include <optional>
#include <random>

namespace pgtrickle {

/// Keeps all that works on one database alive. The children stand in the order
/// in which they hold one another's handles, so with a dead one those after it
/// start again.
class supervisor_state {
public:
  static constexpr const char* name = "supervisor";

  explicit supervisor_state(supervisor_actor::pointer self) : self_(self) {}

  supervisor_actor::behavior_type make_behavior(context_ptr context,
                                                database_id database,
                                                child_factory children,
                                                gateway_actor gateway,
                                                cluster_actor cluster);

private:
  enum child : std::size_t {
    the_watcher,
    the_refresher,
    the_scheduler,
    the_registrar,
    the_snapshotter,
    the_planner,
    the_announcer,
    child_count
  };

  // -- children ---
  void start_from(child first);
  void start(child which);
  void stop_from(child first);
  void child_died(const caf::down_msg& down);
  void plan_restart(child dead, const caf::error& reason);
  void restart_in(std::chrono::milliseconds delay);
  void restart();
  void hurry();
  double random();
  void hand_over();
  void shut_down();
  [[nodiscard]] bool has_children() const;

  // -- the database ---
  void note_outage(const caf::error& reason);
  void opened(const database_opened& database);
  void wake_planner();
  void wake_clerks();

  // -- what is told of it ---
  void count(const stream_tables_listed& listed);
  void watch_queue();
  void report();

  // -- calls ---
  caf::result<call_outcome> route(const call& asked);
  template <class Worker>
  caf::result<call_outcome> hand_on(const call& asked, child to,
                                    const Worker& worker);
  void answer(std::uint64_t number, const call_outcome& outcome);
  void give_calls_up(child first);

  supervisor_actor::pointer self_;
  /// CAF destroys an actor to which no handle is left, even one that waits for
  /// its children to end.
  supervisor_actor stays_alive_;
  context_ptr context_;
  database_id database_;
  child_factory factory_;
  gateway_actor gateway_;
  cluster_actor cluster_;
  std::shared_ptr<metrics::database_metrics> metrics_;

  watcher_actor watcher_;
  refresher_actor refresher_;
  scheduler_actor scheduler_;
  registrar_actor registrar_;
  snapshotter_actor snapshotter_;
  planner_actor planner_;
  announcer_actor announcer_;
  /// By child; null: not running.
  std::array<caf::actor, child_count> handles_;

  /// A call that a child works on. One that ends does not answer it.
  struct call_in_work {
    child with;
    caf::typed_response_promise<call_outcome> promise;
  };
  std::map<std::uint64_t, call_in_work> calls_;
  std::uint64_t last_call_ = 0;

  std::optional<database_opened> opened_;
  /// Where it was owned last.
  bus::database_address address_;
  outage outage_;
  std::optional<child> to_restart_;
  restart_policy::time_point restart_at_{};
  /// What is to be restarted ended with PostgreSQL, or with its connection.
  bool waits_for_server_ = false;
  restart_policy policy_{{}};
  bool is_handing_over_ = false;
  bool is_stopping_ = false;
  worker_load load_;
  queue_pressure pressure_;
  std::uint32_t stream_tables_ = 0;
  /// Absent: not read since the database came; counters never fall to 0.
  std::optional<database_figures> figures_;
  std::minstd_rand random_{std::random_device{}()};
};

supervisor_actor::behavior_type
supervisor(supervisor_actor::stateful_pointer<supervisor_state> self,
           context_ptr context, database_id database, child_factory children,
           gateway_actor gateway, cluster_actor cluster);

} // namespace pgtrickle
