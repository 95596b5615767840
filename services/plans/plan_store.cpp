#include "services/plans/plan_store.hpp"

#include "services/catalog/stream_table_store.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <array>

namespace pgtrickle::plans {

using nlohmann::json;

namespace {

std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// As a text that PostgreSQL reads as an array; `elements` are literals.
std::string array_of(const std::vector<std::string>& elements) {
  return "{" + joined(elements, ",") + "}";
}

} // namespace

json in_json(const recommendation& advice) {
  return {{"recommended_interval_seconds", advice.recommended_interval_seconds},
          {"current_interval_seconds", advice.current_interval_seconds},
          {"delta_pct", advice.delta_pct},
          {"peak_window_cron",
           advice.peak_window_cron ? json(*advice.peak_window_cron) : json()},
          {"confidence", advice.confidence},
          {"reasoning", advice.reasoning},
          {"bound", to_string(advice.bound)},
          {"samples", advice.samples},
          {"expected_staleness_seconds", advice.expected_staleness_seconds},
          {"worst_staleness_seconds", advice.worst_staleness_seconds},
          {"probability_within_target", advice.kept},
          {"expected_load", advice.expected_load},
          {"current_load", advice.current_load}};
}

std::vector<stream_table_id> outdated(pqxx::transaction_base& tx,
                                      std::optional<wall_time> planner_began,
                                      bool at_once, std::size_t most) {
  const auto began = std::chrono::duration_cast<std::chrono::microseconds>(
                       planner_began.value_or(wall_time{}).time_since_epoch())
                       .count();
  std::vector<stream_table_id> ids;
  for (const auto& row : tx.exec_params(
         "SELECT s.pgt_id FROM pgtrickle.pgt_stream_tables s "
         "LEFT JOIN pgtrickle.pgt_plans p USING (pgt_id) "
         "WHERE p.pgt_id IS NULL OR p.planned_at < to_timestamp($1::bigint / "
         "1000000.0) OR ((s.last_refresh_at > p.planned_at OR s.updated_at > "
         "p.planned_at) AND ($2::boolean OR s.freshness_deadline_ms IS NOT "
         "NULL OR p.planned_at < now() - interval '1 minute')) "
         "ORDER BY p.planned_at NULLS FIRST LIMIT $3",
         began, at_once, most))
    ids.push_back(stream_table_id{row[0].as<std::int64_t>()});
  return ids;
}

/// A refresh that is running was snapshot after its row began: hours from that
/// one on may still grow.
void save(pqxx::transaction_base& tx, const std::vector<plan_of_table>& plans) {
  std::array<std::vector<std::string>, 4> columns;
  for (const auto& plan : plans) {
    columns[0].push_back(std::to_string(static_cast<std::int64_t>(plan.id)));
    columns[1].push_back(fmt::format("{}", plan.advice.current_load));
    columns[2].push_back(array_element(text_of(json(plan.model))));
    columns[3].push_back(array_element(text_of(in_json(plan.advice))));
  }
  tx.exec_params(
    "INSERT INTO pgtrickle.pgt_plans (pgt_id, planned_at, counted_from, load, "
    "model, recommendation) SELECT n.id, now(), least(date_trunc('hour', "
    "now(), 'UTC'), (SELECT date_trunc('hour', min(h.start_time), 'UTC') FROM "
    "pgtrickle.pgt_refresh_history h WHERE h.status = 'RUNNING' AND h.pgt_id = "
    "n.id)), n.load, n.model, n.advice FROM unnest($1::bigint[], "
    "$2::double precision[], $3::jsonb[], $4::jsonb[]) n (id, load, model, "
    "advice) JOIN pgtrickle.pgt_stream_tables s ON s.pgt_id = n.id "
    "ON CONFLICT (pgt_id) DO UPDATE SET planned_at = EXCLUDED.planned_at, "
    "counted_from = EXCLUDED.counted_from, load = EXCLUDED.load, "
    "model = EXCLUDED.model, recommendation = EXCLUDED.recommendation",
    array_of(columns[0]), array_of(columns[1]), array_of(columns[2]),
    array_of(columns[3]));
}

std::map<stream_table_id, table_model>
models_of(pqxx::transaction_base& tx,
          const std::vector<stream_table_id>& tables) {
  std::map<stream_table_id, table_model> models;
  for (const auto& row :
       tx.exec_params("SELECT pgt_id, model FROM pgtrickle.pgt_plans "
                      "WHERE pgt_id = ANY ($1::bigint[])",
                      catalog::array_of(tables)))
    if (auto model = model_in(row[1].as<std::string>()))
      models.emplace(stream_table_id{row[0].as<std::int64_t>()},
                     std::move(*model));
  return models;
}

std::vector<table_model> all_models(pqxx::transaction_base& tx) {
  std::vector<table_model> models;
  for (const auto& row : tx.exec("SELECT model FROM pgtrickle.pgt_plans"))
    if (auto model = model_in(row[0].as<std::string>()))
      models.push_back(std::move(*model));
  return models;
}

std::optional<kept_advice> advice_for(pqxx::transaction_base& tx,
                                      stream_table_id table) {
  const auto rows
    = tx.exec_params("SELECT (recommendation ->> "
                     "'recommended_interval_seconds')::double precision, "
                     "(recommendation ->> 'confidence')::double precision, "
                     "recommendation ->> 'reasoning' FROM pgtrickle.pgt_plans "
                     "WHERE pgt_id = $1",
                     static_cast<std::int64_t>(table));
  if (rows.empty())
    return std::nullopt;
  return kept_advice{rows[0][0].as<double>(), rows[0][1].as<double>(),
                     rows[0][2].as<std::string>()};
}

worker_loads loads(pqxx::transaction_base& tx,
                   const std::vector<stream_table_id>& tables) {
  worker_loads found;
  for (const auto& row :
       tx.exec_params("SELECT pgt_id, load FROM pgtrickle.pgt_plans WHERE "
                      "pgt_id = ANY ($1::bigint[]) UNION ALL SELECT NULL, "
                      "coalesce(sum(load), 0) FROM pgtrickle.pgt_plans",
                      catalog::array_of(tables)))
    if (row[0].is_null())
      found.all = row[1].as<double>();
    else
      found.of_table[stream_table_id{row[0].as<std::int64_t>()}]
        = row[1].as<double>();
  return found;
}

} // namespace pgtrickle::plans
