// What is asked of the planner.

#include "services/catalog/stream_table_store.hpp"
#include "services/engine/stream_table_names.hpp"
#include "services/planning/backtest.hpp"
#include "services/planning/forecast.hpp"
#include "services/planning/maintenance.hpp"
#include "services/plans/planned.hpp"
#include "services/plans/plans.hpp"
#include "services/plans/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace pgtrickle::plans {

using nlohmann::json;
using postgres::abandoned;
using postgres::isolation;

namespace {

using std::chrono::seconds;

constexpr std::int64_t most_slots = 200;
constexpr seconds longest_horizon = std::chrono::days{366};

/// Lengths that people think in.
constexpr std::array<seconds, 9> slot_lengths{
  std::chrono::minutes{1},  std::chrono::minutes{5}, std::chrono::minutes{15},
  std::chrono::minutes{30}, std::chrono::hours{1},   std::chrono::hours{3},
  std::chrono::hours{6},    std::chrono::hours{12},  std::chrono::hours{24}};

/// The shortest that makes no more slots than fit into an answer.
seconds slot_for(seconds horizon) {
  const auto* const fits
    = std::ranges::find_if(slot_lengths, [&](seconds length) {
        return horizon / length <= most_slots;
      });
  return fits == slot_lengths.end() ? slot_lengths.back() : *fits;
}

void check_length(const char* what, seconds length, seconds most) {
  if (length <= seconds{0} || length > most)
    throw abandoned(
      {errc::invalid_argument,
       fmt::format("{} is {} seconds", what, length.count()),
       {},
       fmt::format("Use an interval between 1 second and {} days.",
                   std::chrono::floor<std::chrono::days>(most).count())});
}

/// As to_timestamp() and jsonb read it.
std::string time_text(wall_time when) {
  const auto us = std::chrono::floor<std::chrono::microseconds>(when);
  const auto day = std::chrono::floor<std::chrono::days>(us);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{us - day};
  return fmt::format(
    "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
    time.hours().count(), time.minutes().count(), time.seconds().count(),
    time.subseconds().count());
}

void add_band(json& row, const std::string& name, const band& values) {
  row[name] = values.expected;
  row[name + "_low_50"] = values.low_50;
  row[name + "_high_50"] = values.high_50;
  row[name + "_low_95"] = values.low_95;
  row[name + "_high_95"] = values.high_95;
}

/// The numbers that the recommendation follows from.
json numbers_of(const table_model& model) {
  const auto line = [](const std::optional<duration_model>& of) {
    if (!of)
      return json();
    return json{{"fixed_ms", of->fixed_ms},
                {"ms_per_change", of->ms_per_change},
                {"ratio_p50", of->ratio(of->most_changes).quantile(0.5)},
                {"ratio_p95", of->ratio(of->most_changes).quantile(0.95)},
                {"samples", of->samples}};
  };
  const auto season = model.arrivals.kind == season_kind::weekly  ? "weekly"
                      : model.arrivals.kind == season_kind::daily ? "daily"
                                                                  : "flat";
  return {{"differential", line(model.differential)},
          {"full", line(model.full)},
          {"changes_per_second", model.mean_rate()},
          {"season", season},
          {"wait_ms_p50", model.lateness_ms.quantile(0.5)},
          {"wait_ms_p95", model.lateness_ms.quantile(0.95)},
          {"stability", model.stability},
          {"span_seconds", std::chrono::duration<double>(model.span).count()},
          {"regime_began", time_text(model.regime_began)},
          {"time_zone", model.time_zone}};
}

/// The table that `name` means to `by`, planned anew.
std::pair<past_of_table, plan_of_table>
planned_now(pqxx::dbtransaction& tx, const caller& by, const std::string& name,
            const planning_options& options, ownership fence) {
  const auto id = engine::resolve(tx, by, name);
  auto planned = planned_anew(tx, {id}, options);
  if (planned.empty())
    throw abandoned({errc::stream_table_not_found,
                     "stream table \"" + name + "\" was dropped"});
  catalog::check_fence(tx, fence.epoch);
  return std::move(planned.front());
}

} // namespace

result<std::string> recommend(postgres::session& db, const caller& by,
                              const std::string& name,
                              const planning_options& options,
                              ownership fence) {
  return db.run<std::string>(
    isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      const auto [past, plan] = planned_now(tx, by, name, options, fence);
      auto answer = in_json(plan.advice);
      answer["name"] = past.name;
      answer["sla_seconds"]
        = past.target
            ? json(std::chrono::duration<double>(*past.target).count())
            : json();
      answer["model"] = numbers_of(plan.model);
      return answer.dump();
    });
}

result<stream_table_id> apply_recommendation(postgres::session& db,
                                             const caller& by,
                                             const std::string& name,
                                             ownership fence) {
  return db.run<stream_table_id>(
    isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      const auto id = engine::resolve(tx, by, name);
      const auto table = catalog::load(tx, {id}).at(id);
      engine::check_owner(tx, by, table.relid, table.name);
      const auto advice = advice_for(tx, id);
      if (table.refresh_mode == "IMMEDIATE" || !advice
          || advice->recommended_interval_seconds <= 0)
        throw abandoned(
          {errc::wrong_state,
           "no schedule is recommended for stream table " + table.name,
           {},
           "pgtrickle.recommend_schedule() says why in its reasoning."});
      (void)set_schedule(tx, id, *advice, false);
      catalog::check_fence(tx, fence.epoch);
      return id;
    });
}

result<std::string> forecast_of(postgres::session& db, const caller& by,
                                const std::string& name, seconds horizon,
                                const planning_options& options,
                                ownership fence) {
  return db.run<std::string>(
    isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      check_length("the horizon", horizon, longest_horizon);
      const auto [past, plan] = planned_now(tx, by, name, options, fence);
      json rows = json::array();
      for (const auto& slot :
           forecast(plan.model, schedule_of(past, options), time_of(tx),
                    horizon, slot_for(horizon))) {
        json row{{"slot_start", time_text(slot.from)},
                 {"slot_end", time_text(slot.until)}};
        add_band(row, "changes", slot.changes);
        add_band(row, "refresh_ms", slot.refresh_ms);
        add_band(row, "lag_ms", slot.lag_ms);
        rows.push_back(std::move(row));
      }
      return rows.dump();
    });
}

result<std::string> windows_of(postgres::session& db, const caller& by,
                               const std::optional<std::string>& name,
                               seconds duration, seconds horizon,
                               const planning_options& options,
                               ownership fence) {
  return db.run<std::string>(
    isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      check_length("the horizon", horizon, std::chrono::days{31});
      check_length("the duration", duration, horizon);
      std::vector<table_model> models;
      if (name)
        models.push_back(
          planned_now(tx, by, *name, options, fence).second.model);
      else
        models = all_models(tx);
      json rows = json::array();
      for (const auto& window :
           maintenance_windows(models, duration, time_of(tx), horizon)) {
        if (rows.size() >= most_slots)
          break;
        rows.push_back({{"window_start", time_text(window.from)},
                        {"window_end", time_text(window.until)},
                        {"changes", window.changes},
                        {"lag_ms", window.lag_ms},
                        {"catch_up_ms", window.catch_up_ms}});
      }
      return rows.dump();
    });
}

result<std::string> backtest_of(postgres::session& db, const caller& by,
                                const std::string& name,
                                const planning_options& options) {
  return db.run<std::string>(
    isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      const auto id = engine::resolve(tx, by, name);
      const auto pasts = read_history(tx, {id});
      auto rules = options.rules;
      rules.time_zone = time_zone_of(tx);
      return pasts.empty()
               ? std::string{"[]"}
               : report_of(backtest(pasts.front().history,
                                    schedule_of(pasts.front(), options),
                                    pasts.front().target, rules));
    });
}

} // namespace pgtrickle::plans
