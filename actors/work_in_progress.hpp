#pragma once

#include "messages/calls.hpp"
#include "services/observation/work_guard.hpp"

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace pgtrickle {

/// What backends of ours are doing for callers, and what of it is to end.
class work_in_progress {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// A call whose worker waits for a lock that the caller holds.
  struct blocked_call {
    std::string call_id;
    std::string object;
  };

  void began(const work_started& work, time_point now);
  void ended(const work_finished& work);
  [[nodiscard]] bool empty() const { return works_.empty(); }

  /// Which calls can't go on, and never will.
  [[nodiscard]] result<std::vector<blocked_call>>
  blocked(postgres::session& db) const;
  [[nodiscard]] result<void> cancel_call(postgres::session& db,
                                         const std::string& call_id);
  /// A cancel that came between two statements had no effect: it is repeated
  /// until the work has ended.
  [[nodiscard]] result<void> repeat_cancels(postgres::session& db) const;
  /// Cancels refreshes that the scheduler began, for users who wait to change
  /// or drop what these use; says for whom. The next refresh of the same
  /// stream tables does not give way, so that each comes to its end at last.
  [[nodiscard]] result<std::vector<observation::delayed_user>>
  give_way(postgres::session& db, time_point now);
  [[nodiscard]] result<void> cancel_all(postgres::session& db) const;

private:
  struct work : work_started {
    time_point since;
    bool gave_way = false;
  };

  [[nodiscard]] std::vector<int> patient_ones(time_point now) const;

  /// By the pid of the backend that works.
  std::map<int, work> works_;
  /// Those whose last refresh gave way.
  std::set<stream_table_id> gave_way_;
  std::set<std::string> cancelled_calls_;
};

} // namespace pgtrickle
