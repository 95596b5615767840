#pragma once
// What is learnt from the history of one stream table. A value: it is kept in
// the catalog and read by whoever predicts.

#include "services/planning/duration_model.hpp"
#include "services/planning/planner_rules.hpp"
#include "services/planning/rate_ratio.hpp"
#include "services/planning/season.hpp"
#include "services/planning/table_history.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace pgtrickle {

struct table_model {
  // -- cost
  // --------------------------------------------------------------------
  std::optional<duration_model> differential;
  std::optional<duration_model> full;
  /// The share of the refreshes that were full.
  double full_share = 0;
  /// From being due to the start, in ms.
  spread lateness_ms = certain(0);

  // -- arrival of changes
  // ------------------------------------------------------
  season arrivals;
  /// Changes per second while there are any to consume, one refresh as much as
  /// another.
  spread rates = certain(0);
  /// Changes of an hour by what the season says of that hour.
  rate_ratio hour_ratio;
  /// Changes of what one refresh consumes by what the season says.
  rate_ratio window_ratio;
  /// Variance of the changes of one refresh by their mean; 1: as if each came
  /// by itself.
  double dispersion = 1;
  /// The share of the time in which there is something to refresh.
  double active = 1;
  /// The share of the refreshes before which nothing had changed for longer
  /// than the interval.
  double idle = 0;
  /// Between the moments that successive refreshes show, as long as there are
  /// changes, the median.
  double gap_ms = 0;

  // -- how far to trust it
  // -----------------------------------------------------
  /// Of the database: hours of the week are those of its clock.
  std::string time_zone = "UTC";
  /// What was before is forgotten: things were different.
  wall_time regime_began;
  /// Refreshes that this was learnt from, and the time that they and the hours
  /// span.
  std::size_t samples = 0;
  std::chrono::milliseconds span{0};
  /// 0 to 1: how well what is older foretells the newest refreshes.
  double stability = 0;

  bool operator==(const table_model&) const = default;

  /// Changes per second at the time of the week of `when`, by the season.
  [[nodiscard]] double rate_at(wall_time when) const;

  /// Changes per second, averaged over the week.
  [[nodiscard]] double mean_rate() const;

  /// The durations of the mode in which so many changes would be refreshed;
  /// null: there were no refreshes.
  [[nodiscard]] const duration_model* durations(double changes) const;

  /// What a refresh of so many changes is expected to take, 0 if not known.
  [[nodiscard]] double expected_ms(double changes) const;
};

void to_json(nlohmann::json& to, const table_model& model);

/// Throws nlohmann::json::exception if `from` is not what to_json writes.
void from_json(const nlohmann::json& from, table_model& model);

/// The model that `text` is; absent: it is none, or another version's.
[[nodiscard]] std::optional<table_model> model_in(const std::string& text);

/// Learns from `history`, of which everything lies before `now`. The same
/// history gives the same model.
[[nodiscard]] table_model learn_model(const table_history& history,
                                      const schedule& current,
                                      const planner_rules& rules,
                                      wall_time now);

/// How far advice from `model` is to be trusted, from 0 to 1; exactly 0 below
/// rules.min_samples. The formula is in docs/planner.md.
[[nodiscard]] double confidence_of(const table_model& model,
                                   const planner_rules& rules);

} // namespace pgtrickle
