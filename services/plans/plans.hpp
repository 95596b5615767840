#pragma once
// What the planner does and answers, over a session.

#include "services/engine/stream_table.hpp"
#include "services/planning/planner_rules.hpp"
#include "services/postgres/session.hpp"
#include "services/scheduling/scheduled_table.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace pgtrickle::plans {

/// What a planner goes by.
struct planning_options {
  /// But for the share that is spare and the time zone, which are looked up.
  planner_rules rules;
  /// Refreshes that can be counted on to run at a time.
  double workers = 1;
  /// Of a calculated schedule.
  std::chrono::milliseconds calculated_interval{1000};
  /// By the database's clock: plans from before are made again.
  std::optional<wall_time> began = {};
  /// Recommendations with at least this much confidence are carried out;
  /// absent: none is.
  std::optional<double> carry_out_from = {};
};

/// The time by the database's clock.
[[nodiscard]] result<wall_time> clock_of(postgres::session& db);

/// A schedule that was set because it was recommended.
struct rescheduled {
  std::string name;
  std::string schedule;
};

struct planning_pass {
  std::size_t planned = 0;
  /// There was more to plan than was asked for.
  bool has_more = false;
  std::vector<rescheduled> changed;
};

/// Plans up to `most` of the stream tables that have new history; `at_once`:
/// also those that were planned within the last minute.
[[nodiscard]] result<planning_pass>
bring_up_to_date(postgres::session& db, const planning_options& options,
                 bool at_once, std::size_t most, ownership fence);

/// Plans one stream table and returns the recommendation as JSON.
/// Errors: stream_table_not_found.
[[nodiscard]] result<std::string>
recommend(postgres::session& db, const caller& by, const std::string& name,
          const planning_options& options, ownership fence);

/// Gives the stream table the schedule that was last recommended, and keeps
/// record of it. Errors: stream_table_not_found, permission_denied, wrong_state
/// (nothing was recommended).
[[nodiscard]] result<stream_table_id>
apply_recommendation(postgres::session& db, const caller& by,
                     const std::string& name, ownership fence);

/// What is to be expected of one stream table, slot by slot, as a JSON array.
/// Errors: stream_table_not_found, invalid_argument (the horizon).
[[nodiscard]] result<std::string>
forecast_of(postgres::session& db, const caller& by, const std::string& name,
            std::chrono::seconds horizon, const planning_options& options,
            ownership fence);

/// Where a pause of `duration` costs least within `horizon`, the best first, as
/// a JSON array; of all stream tables without a name.
/// Errors: stream_table_not_found, invalid_argument.
[[nodiscard]] result<std::string>
windows_of(postgres::session& db, const caller& by,
           const std::optional<std::string>& name,
           std::chrono::seconds duration, std::chrono::seconds horizon,
           const planning_options& options, ownership fence);

/// How good forecasts of one stream table would have been, as a JSON array of
/// metric, value, meaning. Errors: stream_table_not_found.
[[nodiscard]] result<std::string> backtest_of(postgres::session& db,
                                              const caller& by,
                                              const std::string& name,
                                              const planning_options& options);

} // namespace pgtrickle::plans
