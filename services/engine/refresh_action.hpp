#pragma once
// Which way a stream table is refreshed: a decision without I/O.

#include "services/planning/mode_choice.hpp"

#include <cstdint>
#include <string>

namespace pgtrickle::engine {

/// What a refresh knows before it begins.
struct refresh_situation {
  bool populated = true;
  bool needs_reinit = false;
  std::string reinit_reason;
  /// Not empty: the query is always recomputed, for this reason.
  std::string full_reason;
  std::string refresh_mode;
  /// Captured changes, a TRUNCATE among them, and the sources' rows
  /// (estimated).
  std::int64_t changes = 0;
  bool truncated = false;
  double source_rows = 0;
};

/// How to refresh.
struct refresh_action {
  /// As in the history: DIFFERENTIAL, FULL or REINITIALIZE.
  std::string name;
  /// As the refresh function is told: FILL, DIFFERENTIAL or FULL.
  std::string mode;
  std::string reason;
};

/// How a program comes by the changes of a source.
enum class intake : std::uint8_t {
  /// Equal ones are added up, and staged in memory.
  consolidated,
  /// They are staged as they are.
  copied,
  /// They are read where they lie, in the order of their capture.
  in_place,
};

/// So many changes of a source are consolidated, whatever its size: in less
/// time than it takes to plan the program's statements, which then are the same
/// as in the last refresh.
constexpr double most_consolidated = 10'000;

/// So many are copied at most.
constexpr double most_copied = 200'000;

/// How to read `changes` of a source of about `source_rows`. Consolidation pays
/// when they are likely to cancel: when they are many beside the source's rows,
/// and not only added up.
/// A copy pays when it is read several times, which it is if other sources have
/// changed too, and its number is known when its readers are planned.
[[nodiscard]] intake intake_of(std::int64_t changes, double source_rows,
                               bool others_changed, bool adds_up = false);

/// DIFFERENTIAL, unless something forbids it.
[[nodiscard]] refresh_action choose_action(const refresh_situation& now);

/// What AUTO has chosen instead of a differential refresh, and why.
[[nodiscard]] refresh_action action_for(const refresh_situation& now,
                                        const mode_choice& choice);

} // namespace pgtrickle::engine
