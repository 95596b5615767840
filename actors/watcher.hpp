#pragma once

#include "actors/daemon_context.hpp"
#include "actors/restored_adopter.hpp"
#include "actors/work_in_progress.hpp"
#include "messages/interfaces.hpp"
#include "services/coordination/log_throttle.hpp"
#include "services/observation/change_gate.hpp"
#include "services/observation/figures_reader.hpp"
#include "services/scheduling/look_pace.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <optional>

namespace pgtrickle {

/// Owns one database for as long as its connection lives, and tells the
/// supervisor what happens there. States: claiming, owning.
class watcher_state {
public:
  static constexpr const char* name = "watcher";

  explicit watcher_state(watcher_actor::pointer self) : self_(self) {}

  watcher_actor::behavior_type make_behavior(context_ptr context,
                                             database_id database,
                                             supervisor_actor supervisor,
                                             gateway_actor gateway);

private:
  // -- ownership ---
  void claim();
  void dislodge();
  void open();
  void reload();
  void take_settings(const settings_read& read);

  // -- what happens in the database ---
  void look();
  void plan_pulse();
  void take_notifications();
  void notified(const std::set<std::string>& channels);
  [[nodiscard]] sources_touched new_changes();
  void look_for_changes();
  void list_stream_tables();
  void tell_figures();

  // -- work in progress ---
  void guard_work();
  void cancel_work(const std::string& call_id);
  void halt();
  void watch_halt();

  /// The value, or nothing: then the actor has ended or the failure is logged.
  template <class T>
  [[nodiscard]] std::optional<T> checked(result<T> value);
  void check(const result<void>& done);
  void failed(const failure& reason);

  watcher_actor::pointer self_;
  context_ptr context_;
  database_id database_;
  supervisor_actor supervisor_;
  gateway_actor gateway_;

  std::optional<postgres::session> db_;
  /// Owned, and not yet open: what was loaded from a dump is adopted first.
  std::optional<observation::database_facts> claimed_;
  restored_adopter adopter_;
  observation::database_facts facts_;
  config::settings settings_;
  observation::change_gate gate_;
  look_pace pace_;
  observation::figures_reader figures_;
  /// The next pulse that counts.
  std::chrono::steady_clock::time_point next_pulse_{};
  /// Absent: the listing is that of the catalog.
  std::optional<std::chrono::steady_clock::time_point> next_listing_;
  std::chrono::steady_clock::time_point next_confirmation_{};
  std::chrono::steady_clock::time_point next_look_{};
  std::chrono::steady_clock::time_point next_guard_{};
  wall_time looked_at_{};

  work_in_progress works_;
  /// When work that still goes on is cancelled; absent: no shutdown.
  std::optional<std::chrono::steady_clock::time_point> halts_by_;
  log_throttle failures_{std::chrono::seconds{30}};
};

watcher_actor::behavior_type
watcher(watcher_actor::stateful_pointer<watcher_state> self,
        context_ptr context, database_id database, supervisor_actor supervisor,
        gateway_actor gateway);

} // namespace pgtrickle
