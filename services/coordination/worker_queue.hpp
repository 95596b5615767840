#pragma once

#include "services/core/ids.hpp"
#include "services/core/result.hpp"

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace pgtrickle {

/// Identifies an order within its queue.
enum class order_id : std::uint64_t {};

/// Which worker carries out which order: those that somebody waits for first,
/// then by deadline, so that what can wait longest does. A worker that
/// refreshed a table last has its staging tables, so it gets that table again
/// when it is idle.
class worker_queue {
public:
  using worker_index = std::size_t;

  static constexpr std::size_t max_waiting = 10'000;

  explicit worker_queue(std::size_t workers);

  struct assignment {
    order_id order{};
    worker_index worker = 0;
  };

  using time_point = std::chrono::steady_clock::time_point;

  /// Takes in an order that is led by `table`, and that should have begun by
  /// `deadline`. Error: overloaded.
  [[nodiscard]] result<order_id> add(stream_table_id table, bool is_urgent,
                                     time_point deadline = {});

  /// Hands the next waiting order to an idle worker; absent: none of either.
  [[nodiscard]] std::optional<assignment> take_next();

  /// An idle worker for a chore; absent when orders wait or all are busy.
  [[nodiscard]] std::optional<worker_index> take_idle_worker();

  void finished(worker_index worker);

  [[nodiscard]] bool is_idle(worker_index worker) const {
    return idle_.contains(worker);
  }
  [[nodiscard]] std::size_t idle() const { return idle_.size(); }

  [[nodiscard]] std::size_t active() const { return workers_ - idle_.size(); }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  /// The orders that wait though their deadline has passed.
  [[nodiscard]] std::size_t late(time_point now) const;

private:
  struct place {
    bool can_wait = true;
    time_point deadline{};
    order_id id{};

    auto operator<=>(const place&) const = default;
  };

  std::size_t workers_;
  std::set<worker_index> idle_;
  std::map<place, stream_table_id> waiting_;
  std::map<stream_table_id, worker_index> last_worker_;
  std::uint64_t last_id_ = 0;
};

} // namespace pgtrickle
