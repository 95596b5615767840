#pragma once
// AUTO: which way of refreshing is the cheaper one this time.

#include "services/planning/cost_model.hpp"

namespace pgtrickle {

/// So many changes are refreshed differentially as long as nothing is known.
constexpr double few_changes = 1000;

/// What AUTO knows before a refresh without looking anything up.
struct mode_question {
  double changes = 0;
  /// Of all sources, estimated.
  double source_rows = 0;
  /// The share of changed rows from which a full refresh is taken for cheaper
  /// until both ways have been measured; 0: AUTO never recomputes.
  double most_changes = 0.15;
  /// The share of its time that may go into trying the way that seems dearer.
  double trials = 0;
  /// What the last refresh of either kind took; absent: there was none.
  std::optional<double> last_differential_ms = {};
  std::optional<double> last_full_ms = {};
  /// How the last refresh was done, and what that one and those alike before it
  /// took together.
  bool last_was_full = false;
  double spent_ms = 0;
  /// Random, from 0 to 1: tables that are alike need not try on the same day.
  double chance = 0.5;
};

struct mode_choice {
  bool full = false;
  /// Done to measure it, though the other way is expected to be faster.
  bool trial = false;
  /// What is expected of each way; absent: not known, `most_changes` decided.
  std::optional<double> differential_ms = {};
  std::optional<double> full_ms = {};
};

/// Whether a differential refresh is right whatever the history holds: changes
/// are few, it was the faster way last time, and no trial is due.
[[nodiscard]] bool is_obvious(const mode_question& question);

/// Chooses from the table's history.
[[nodiscard]] mode_choice choose_mode(const mode_question& question,
                                      const refresh_costs& costs);

} // namespace pgtrickle
