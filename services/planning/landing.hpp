#pragma once
// How stale a stream table will be when its next refresh lands.

#include "services/planning/table_model.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace pgtrickle {

/// A stream table between two refreshes.
struct waiting {
  wall_time now;
  /// Of its data: since their data timestamp, or since the first change after
  /// that if there was none for longer than its interval.
  std::chrono::milliseconds age{0};
  /// Changes of the sources since the data timestamp; absent: not counted.
  std::optional<double> pending_changes;
  /// Until it is due by its schedule, without the wait for a worker; negative:
  /// it has been due, and its last refresh over, for so long, and waits.
  std::chrono::milliseconds starts_in{0};
  std::chrono::milliseconds target{0};
  /// It can't start: a lock, a gate, or a suspended stream table upstream.
  bool blocked = false;
};

/// What makes a target be missed.
enum class breach_cause : std::uint8_t {
  cost_growth,
  arrival_spike,
  queueing,
  blocked
};

/// As alerts name it.
[[nodiscard]] std::string to_string(breach_cause cause);

/// Lag may exceed its target by so much before that is a breach.
constexpr double breach_factor = 1.2;

struct landing {
  /// Expected age of the data when the next refresh lands.
  double predicted_ms = 0;
  /// That it exceeds the target by more than 20 %.
  double probability = 0;
  /// Whether to warn: that is likely, and, while there is time for it to turn
  /// out otherwise, all but certain.
  bool breach = false;
  /// What contributes most; empty suggestion unless `breach`.
  breach_cause cause = breach_cause::cost_growth;
  std::string suggested_action;
};

[[nodiscard]] landing predict_landing(const table_model& model,
                                      const waiting& at);

} // namespace pgtrickle
