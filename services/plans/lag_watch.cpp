#include "services/plans/lag_watch.hpp"

#include "services/catalog/stream_table_store.hpp"
#include "services/plans/plan_store.hpp"
#include "services/postgres/field.hpp"

#include <algorithm>
#include <cmath>

namespace pgtrickle::plans {

using postgres::isolation;
using std::chrono::milliseconds;

namespace {

milliseconds milliseconds_of(const pqxx::field& number) {
  return milliseconds{std::llround(number.as<double>(0.0))};
}

bool is_stopped(const std::string& status) {
  return status == "SUSPENDED" || status == "ERROR";
}

} // namespace

landing landing_of_running(const waiting& at) {
  landing told;
  told.predicted_ms = static_cast<double>(at.age.count());
  told.breach = told.predicted_ms
                > breach_factor * static_cast<double>(at.target.count());
  told.probability = told.breach ? 1 : 0;
  if (told.breach)
    told.suggested_action = "Its refresh is running and late: see whether it "
                            "waits for a lock, and pgtrickle.explain_st().";
  return told;
}

/// It is due by its schedule, but not before there is something to take in.
lag_watch::seen_table lag_watch::seen_in(const pqxx::row& row, wall_time now) {
  seen_table seen;
  seen.table = {stream_table_id{row["pgt_id"].as<std::int64_t>()},
                row["name"].as<std::string>(),
                milliseconds{row["target_ms"].as<std::int64_t>()},
                row["is_open"].as<bool>()};
  seen.planned_at = row["planned_at"].as<std::string>("");
  seen.is_running = !row["running_ms"].is_null();
  auto& at = seen.at;
  at.now = now;
  at.age = milliseconds_of(row["age_ms"]);
  at.target = seen.table.target;
  at.blocked = is_stopped(row["status"].as<std::string>());
  seen.has_pending = at.age > milliseconds{0};
  if (!seen.has_pending)
    clean_at_[seen.table.id] = now;
  else if (const auto clean = clean_at_.find(seen.table.id);
           clean != clean_at_.end())
    at.age
      = std::min(at.age, std::chrono::ceil<milliseconds>(now - clean->second));
  at.pending_changes = postgres::optional_in<double>(row["pending_changes"]);
  const auto by_schedule
    = engine::starts_in(postgres::optional_in<std::string>(row["schedule"]),
                        milliseconds_of(row["own_age_ms"]), now);
  at.starts_in = std::max(by_schedule.value_or(milliseconds{0}), -at.age);
  return seen;
}

std::vector<lag_watch::seen_table> lag_watch::seen(pqxx::transaction_base& tx) {
  std::vector<seen_table> tables;
  std::set<stream_table_id> present;
  for (const auto& row :
       tx.exec("SELECT w.*, (extract(epoch FROM clock_timestamp()) * "
               "1000)::bigint AS now FROM pgtrickle._watched_lags() w")) {
    const wall_time now{milliseconds{row["now"].as<std::int64_t>()}};
    tables.push_back(seen_in(row, now));
    present.insert(tables.back().table.id);
  }
  std::erase_if(clean_at_,
                [&](const auto& one) { return !present.contains(one.first); });
  std::erase_if(models_,
                [&](const auto& one) { return !present.contains(one.first); });
  return tables;
}

/// Reads those that are newer than what is known.
void lag_watch::learn_models(pqxx::transaction_base& tx,
                             const std::vector<seen_table>& tables) {
  std::vector<stream_table_id> unknown;
  for (const auto& seen : tables)
    if (!seen.planned_at.empty()
        && models_[seen.table.id].planned_at != seen.planned_at)
      unknown.push_back(seen.table.id);
  if (unknown.empty())
    return;
  auto read = models_of(tx, unknown);
  for (const auto& seen : tables)
    if (const auto found = read.find(seen.table.id); found != read.end())
      models_[seen.table.id] = {seen.planned_at, std::move(found->second)};
}

result<std::size_t> lag_watch::look(postgres::session& db, ownership fence) {
  return db.run<std::size_t>(
    isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      const auto tables = seen(tx);
      learn_models(tx, tables);
      bool told = false;
      std::size_t restless = 0;
      for (const auto& one : tables) {
        if (one.has_pending || one.is_running || one.table.alert_is_open)
          ++restless;
        const auto known = models_.find(one.table.id);
        if (known == models_.end() || known->second.planned_at.empty())
          continue;
        auto expected = one.is_running
                          ? landing_of_running(one.at)
                          : predict_landing(known->second.model, one.at);
        // Nothing is stale until something changes.
        expected.breach = expected.breach && one.has_pending;
        told |= engine::tell_landing(tx, one.table, one.at, expected);
      }
      // The fence is a row lock, which is written: not while nothing happens.
      if (told)
        catalog::check_fence(tx, fence.epoch);
      return restless;
    });
}

} // namespace pgtrickle::plans
