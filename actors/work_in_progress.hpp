#pragma once

#include "messages/calls.hpp"
#include "services/observation/work_guard.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace pgtrickle {

/// What backends of ours are doing for callers, and what of it is to end.
class work_in_progress {
public:
  /// A call whose worker waits for a lock that the caller holds.
  struct blocked_call {
    std::string call_id;
    std::string object;
  };

  void began(const work_started& work);
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
  [[nodiscard]] result<void> cancel_all(postgres::session& db) const;

private:
  /// By the pid of the backend that works.
  std::map<int, work_started> works_;
  std::set<std::string> cancelled_calls_;
};

} // namespace pgtrickle
