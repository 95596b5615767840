#pragma once

#include "services/scheduling/backoff.hpp"

#include <chrono>
#include <deque>
#include <optional>

namespace pgtrickle {

/// What a supervisor does about a child that died.
struct restart_decision {
  std::chrono::milliseconds after;
  /// Restarting the child alone did not help: restart it with its siblings.
  bool whole_group = false;

  bool operator==(const restart_decision&) const = default;
};

/// Decides how to restart children. Time is always an argument.
class restart_policy {
public:
  using time_point = std::chrono::steady_clock::time_point;

  struct limits {
    backoff delay = {};
    /// More deaths than this within the period concern the whole group.
    int intensity = 5;
    std::chrono::seconds period{60};
    /// After this time without a death, delays start from the first again.
    std::chrono::seconds quiet{120};
    /// Within this time after its return what the server took along starts
    /// again as after a first death, however often it died.
    std::chrono::seconds return_period{5};
  };

  enum class cause { fault, lost_server };

  explicit restart_policy(limits l) : limits_(l) {}

  /// A child died at `now`. `random` is uniform in [0, 1).
  [[nodiscard]] restart_decision died(time_point now, double random,
                                      cause because = cause::fault);

  /// The server can be reached again. Returns when to restart what died with
  /// it: spread over the first delay.
  [[nodiscard]] std::chrono::milliseconds server_returned(time_point now,
                                                          double random);

private:
  limits limits_;
  int deaths_in_a_row_ = 0;
  std::deque<time_point> recent_;
  std::optional<time_point> returned_;
  time_point last_{};
};

} // namespace pgtrickle
