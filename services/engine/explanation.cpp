#include "services/catalog/renamed_query.hpp"
#include "services/catalog/stream_table_store.hpp"
#include "services/engine/program_store.hpp"
#include "services/engine/refresh_costs.hpp"
#include "services/engine/registration.hpp"
#include "services/engine/stream_table_names.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pgtrickle::engine {

using nlohmann::json;
using postgres::isolation;

namespace {

void add(json& rows, const std::string& property, const std::string& value) {
  rows.push_back({{"property", property}, {"value", value}});
}

void check(json& rows, const std::string& name, const std::string& result,
           const std::string& severity) {
  rows.push_back(
    {{"check_name", name}, {"result", result}, {"severity", severity}});
}

std::string reasons_of(const plan& root) {
  std::string text;
  for (const auto& reason : opaque_reasons(root))
    text += (text.empty() ? "" : ", ") + reason;
  return text;
}

/// What AUTO goes by.
void add_costs(json& rows, pqxx::dbtransaction& tx,
               const catalog::stored_stream_table& table) {
  if (table.refresh_mode != "AUTO" || !table.mode_reason.empty())
    return;
  const auto costs = load_costs(tx, table.id);
  add(rows, "cost_model", to_text(learn(costs)));
  add(rows, "last_prediction", last_prediction(costs).value_or(""));
}

} // namespace

result<std::string> validate_query(postgres::session& db, const caller& by,
                                   const std::string& query) {
  return db.run<std::string>(
    isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      json rows = json::array();
      const auto prepared
        = prepare(tx, query, {by.role, search_path_of(by)}, "AUTO");
      check(rows, "parse", "one SELECT", "INFO");
      check(rows, "columns", std::to_string(prepared.query.columns.size()),
            "INFO");
      check(rows, "canonical", prepared.query.canonical, "INFO");
      if (!prepared.full_reason.empty()) {
        check(rows, "refresh_mode", "FULL: " + prepared.full_reason, "WARNING");
      } else {
        check(rows, "refresh_mode", "DIFFERENTIAL", "INFO");
        if (const auto reasons = reasons_of(*prepared.plan); !reasons.empty())
          check(rows, "recomputed_subtrees", reasons, "WARNING");
      }
      check(rows, "operators", to_text(*prepared.plan), "INFO");
      return rows.dump();
    });
}

result<std::string> explain_stream_table(postgres::session& db,
                                         const caller& by,
                                         const std::string& name) {
  return db.run<std::string>(
    isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      const auto id = resolve(tx, by, name);
      const auto table = catalog::load(tx, {id}).at(id);
      check_owner(tx, by, table.relid, table.name);
      const auto row
        = tx.exec_params1("SELECT effective_refresh_mode, last_full_ms, "
                          "last_diff_ms, frontier, schedule, "
                          "freshness_deadline_ms, "
                          "pgtrickle._staleness(pgt_id) AS staleness "
                          "FROM pgtrickle.pgt_stream_tables WHERE pgt_id = $1",
                          static_cast<std::int64_t>(id));
      json rows = json::array();
      add(rows, "stream_table", table.name);
      add(rows, "owner", table.owner);
      add(rows, "status", table.status);
      add(rows, "schedule", row["schedule"].as<std::string>("calculated"));
      if (!row["freshness_deadline_ms"].is_null())
        add(rows, "target_lag_ms",
            row["freshness_deadline_ms"].as<std::string>());
      add(rows, "staleness_seconds", row["staleness"].as<std::string>(""));
      add(rows, "refresh_mode", table.refresh_mode);
      add(rows, "effective_refresh_mode",
          row["effective_refresh_mode"].as<std::string>(""));
      if (!table.mode_reason.empty())
        add(rows, "full_because", table.mode_reason);
      if (table.needs_reinit)
        add(rows, "reinitialize_because", table.reinit_reason);
      add(rows, "last_full_ms", row["last_full_ms"].as<std::string>(""));
      add(rows, "last_differential_ms",
          row["last_diff_ms"].as<std::string>(""));
      add_costs(rows, tx, table);
      add(rows, "frontier", row["frontier"].as<std::string>(""));
      add(rows, "defining_query", table.defining_query);
      const auto query
        = catalog::query_of_today(tx, id, table.defining_query, table.owner);
      const auto prepared
        = prepare(tx, query, {table.owner, "pg_catalog"}, table.refresh_mode);
      add(rows, "operators", to_text(*prepared.plan));
      if (const auto reasons = reasons_of(*prepared.plan); !reasons.empty())
        add(rows, "recomputed_subtrees", reasons);
      add(
        rows, "refresh_function",
        tx.exec_params1("SELECT prosrc FROM pg_proc WHERE oid = to_regproc($1)",
                        refresh_function(id))[0]
          .as<std::string>(""));
      return rows.dump();
    });
}

} // namespace pgtrickle::engine
