#include "services/plans/planned.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pgtrickle::plans {

namespace {

/// As people write it: whole seconds.
std::string interval_text(double seconds) {
  return fmt::format("{}s", std::max(std::llround(seconds), 1LL));
}

plan_of_table plan(const past_of_table& table, const planning_options& options,
                   const planner_rules& rules, wall_time now) {
  plan_of_table planned;
  planned.id = table.id;
  const auto when = schedule_of(table, options);
  planned.model = learn_model(table.history, when, rules, now);
  planned.advice = recommend(planned.model, when, table.target, rules, now);
  if (table.mode == "IMMEDIATE")
    planned.advice.reasoning
      = "IMMEDIATE: it is never stale, and has no schedule";
  return planned;
}

} // namespace

schedule schedule_of(const past_of_table& table,
                     const planning_options& options) {
  schedule_rules rules;
  rules.shortest_interval = {};
  if (auto when = parse_schedule(table.schedule, rules))
    if (!std::holds_alternative<calculated>(*when))
      return *when;
  return interval{options.calculated_interval};
}

std::string time_zone_of(pqxx::transaction_base& tx) {
  return tx.exec1("SELECT current_setting('TimeZone')")[0].as<std::string>();
}

wall_time time_of(pqxx::transaction_base& tx) {
  return wall_time{std::chrono::microseconds{
    tx.exec1(
        "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")[0]
      .as<std::int64_t>()}};
}

result<wall_time> clock_of(postgres::session& db) {
  return db.once<wall_time>(
    [](pqxx::transaction_base& tx) { return time_of(tx); });
}

std::vector<std::pair<past_of_table, plan_of_table>>
planned_anew(pqxx::transaction_base& tx,
             const std::vector<stream_table_id>& tables,
             const planning_options& options) {
  count_hours(tx, tables);
  auto rules = options.rules;
  rules.time_zone = time_zone_of(tx);
  const auto busy = loads(tx, tables);
  const auto now = time_of(tx);
  std::vector<std::pair<past_of_table, plan_of_table>> done;
  std::vector<plan_of_table> plans;
  for (auto& past : read_history(tx, tables)) {
    const auto own = busy.of_table.find(past.id);
    rules.spare = std::max(options.workers - busy.all
                             + (own == busy.of_table.end() ? 0.0 : own->second),
                           0.0);
    plans.push_back(plan(past, options, rules, now));
    done.emplace_back(std::move(past), plans.back());
  }
  save(tx, plans);
  return done;
}

std::string set_schedule(pqxx::transaction_base& tx, stream_table_id table,
                         const kept_advice& advice, bool automatic) {
  auto text = interval_text(advice.recommended_interval_seconds);
  tx.exec_params(
    "WITH old AS (SELECT schedule FROM pgtrickle.pgt_stream_tables WHERE "
    "pgt_id = $1 FOR UPDATE), changed AS (UPDATE pgtrickle.pgt_stream_tables "
    "SET schedule = $2, updated_at = now() WHERE pgt_id = $1) "
    "INSERT INTO pgtrickle.pgt_schedule_changes (pgt_id, old_schedule, "
    "new_schedule, confidence, reasoning, automatic) SELECT $1, schedule, $2, "
    "$3, $4, $5 FROM old",
    static_cast<std::int64_t>(table), text, advice.confidence, advice.reasoning,
    automatic);
  tx.exec("NOTIFY pgtrickle_catalog");
  return text;
}

} // namespace pgtrickle::plans
