#pragma once
// What an interval would cost, and how stale the data would become with it.

#include "services/planning/table_model.hpp"

namespace pgtrickle {

/// Intervals in ms, for one model.
class interval_costs {
public:
  explicit interval_costs(const table_model& model);

  /// The probability that a refresh lands within `target_ms`.
  [[nodiscard]] double kept(double interval_ms, double target_ms) const;

  /// Of the data when a refresh lands, the mean. Infinite if refreshes can't
  /// keep up.
  [[nodiscard]] double staleness_ms(double interval_ms) const;

  /// The age that a refresh lands within with the probability `p`.
  [[nodiscard]] double staleness_ms(double interval_ms, double p) const;

  /// Busy seconds per second.
  [[nodiscard]] double load(double interval_ms) const;

  /// The interval whose load is `most`, infinite if there is none.
  [[nodiscard]] double interval_for_load(double most) const;

  /// Where a longer interval saves the same share of load as it adds to
  /// staleness: it makes the product of both least.
  [[nodiscard]] double knee_ms() const;

private:
  /// What the refreshes before which changes came at `rate` would be.
  struct window {
    double ms = 0;
    /// Null: there were no refreshes.
    const spread* ratio = nullptr;
    double line_ms = 0;
  };
  [[nodiscard]] window at(double interval_ms, double late_ms,
                          double rate) const;

  const table_model& model_;
  double rate_ = 0;
  double fixed_ms_ = 0;
  double ms_per_change_ = 0;
};

} // namespace pgtrickle
