#pragma once
// Plans as the catalog keeps them.

#include "services/planning/recommendation.hpp"
#include "services/planning/table_model.hpp"
#include "services/plans/history_reader.hpp"

#include <nlohmann/json.hpp>
#include <pqxx/pqxx>

#include <map>
#include <vector>

namespace pgtrickle::plans {

/// What is known of a stream table, and what follows from it.
struct plan_of_table {
  stream_table_id id{};
  table_model model;
  recommendation advice;
};

/// The recommendation as recommend_schedule() returns it.
[[nodiscard]] nlohmann::json in_json(const recommendation& advice);

/// Which stream tables are to be planned anew, the longest waiting first: those
/// with new history or another definition, and all that were planned before
/// this planner began, perhaps under other settings. `at_once`: also those that
/// were planned within the last minute.
[[nodiscard]] std::vector<stream_table_id>
outdated(pqxx::transaction_base& tx, std::optional<wall_time> planner_began,
         bool at_once, std::size_t most);

/// Replaces the plans.
void save(pqxx::transaction_base& tx, const std::vector<plan_of_table>& plans);

/// The models of these stream tables; those without a plan, or with one that
/// another version wrote, are left out.
[[nodiscard]] std::map<stream_table_id, table_model>
models_of(pqxx::transaction_base& tx,
          const std::vector<stream_table_id>& tables);

/// Those of all stream tables that have a plan.
[[nodiscard]] std::vector<table_model> all_models(pqxx::transaction_base& tx);

/// What was last recommended; absent: nothing was.
struct kept_advice {
  double recommended_interval_seconds = 0;
  double confidence = 0;
  std::string reasoning;
};
[[nodiscard]] std::optional<kept_advice> advice_for(pqxx::transaction_base& tx,
                                                    stream_table_id table);

/// How busy stream tables keep the workers, in busy seconds a second.
struct worker_loads {
  double all = 0;
  std::map<stream_table_id, double> of_table;
};

[[nodiscard]] worker_loads loads(pqxx::transaction_base& tx,
                                 const std::vector<stream_table_id>& tables);

} // namespace pgtrickle::plans
