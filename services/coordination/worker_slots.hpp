#pragma once

#include "services/core/ids.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

namespace pgtrickle {

/// Which database gets the node's next worker. Those below their quota come
/// first, and of these the one that has waited longest; what they leave is lent
/// to who has borrowed least. A lent worker comes back when its refresh ends:
/// who has waited for it beyond `patience` gets another in the meantime.
class worker_slots {
public:
  using time_point = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::milliseconds patience{250};

  struct limits {
    /// The workers of the node.
    std::uint32_t share = 1;
    /// Those of them that it has whatever the others do.
    std::uint32_t guaranteed = 1;
    /// The quota of a database that has none of its own.
    std::uint32_t quota = 1;
    /// Else nobody gets more than its quota.
    bool lends = true;
  };

  void limit(limits to) { limits_ = to; }

  /// A refresh of `database` waits for a worker. `quota`: its own; 0: none.
  void want(oid database, std::uint32_t quota, time_point now);

  /// A worker of `database` is free again.
  void give_back(oid database);

  /// Nothing works or waits for `database` any more.
  void leave(oid database) { claims_.erase(database); }

  /// Whose refresh begins now; absent: nobody's.
  [[nodiscard]] std::optional<oid> grant(time_point now);

  /// When `grant` may find somebody again though nothing has happened.
  [[nodiscard]] std::optional<time_point> next_look(time_point now) const;

  [[nodiscard]] std::uint32_t active() const;
  [[nodiscard]] std::uint32_t active(oid database) const;

private:
  struct claim {
    std::uint32_t own_quota = 0;
    std::uint32_t active = 0;
    std::uint32_t waiting = 0;
    /// Of the oldest that waits, or of the last grant when that is later.
    time_point since{};
    std::uint64_t turn = 0;
  };

  [[nodiscard]] std::uint32_t quota_of(const claim& c) const;
  [[nodiscard]] bool may_begin(const claim& c, time_point now) const;
  [[nodiscard]] bool is_owed(const claim& c) const;
  [[nodiscard]] bool goes_first(const claim& a, const claim& b) const;
  /// Workers at work, counted for no database beyond `most(claim)`.
  template <class Most>
  [[nodiscard]] std::uint32_t active_within(Most most) const;

  limits limits_;
  std::map<oid, claim> claims_;
  std::uint64_t last_turn_ = 0;
};

} // namespace pgtrickle
