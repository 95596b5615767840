#pragma once
// Making plans within a transaction.

#include "services/plans/plan_store.hpp"
#include "services/plans/plans.hpp"

#include <utility>
#include <vector>

namespace pgtrickle::plans {

/// The schedule of `table` as the planner takes it.
[[nodiscard]] schedule schedule_of(const past_of_table& table,
                                   const planning_options& options);

/// The time zone in which people here read clocks.
[[nodiscard]] std::string time_zone_of(pqxx::transaction_base& tx);

[[nodiscard]] wall_time time_of(pqxx::transaction_base& tx);

/// Learns `tables` anew and keeps the plans.
[[nodiscard]] std::vector<std::pair<past_of_table, plan_of_table>>
planned_anew(pqxx::transaction_base& tx,
             const std::vector<stream_table_id>& tables,
             const planning_options& options);

/// Gives the stream table the schedule that `advice` has, and keeps record of
/// it. Returns the schedule.
[[nodiscard]] std::string set_schedule(pqxx::transaction_base& tx,
                                       stream_table_id table,
                                       const kept_advice& advice,
                                       bool automatic);

} // namespace pgtrickle::plans
