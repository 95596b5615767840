#include "services/dashboard/readings.hpp"

#include "dashboard_queries.hpp"
#include "services/core/error.hpp"
#include "services/dashboard/operators.hpp"
#include "services/dashboard/time_text.hpp"
#include "services/planning/forecast.hpp"
#include "services/plans/planned.hpp"
#include "services/postgres/field.hpp"

#include <algorithm>

namespace pgtrickle::dashboard {

namespace {

using nlohmann::json;
using postgres::isolation;

constexpr std::chrono::hours horizon{24};
constexpr std::chrono::minutes slot{15};

json band_of(const band& values) {
  return {{"expected", values.expected},
          {"low_50", values.low_50},
          {"high_50", values.high_50},
          {"low_95", values.low_95},
          {"high_95", values.high_95}};
}

/// By the model that the planner keeps; nothing is learnt here.
json forecast_in(pqxx::dbtransaction& tx, stream_table_id id) {
  auto slots = json::array();
  const auto models = plans::models_of(tx, {id});
  if (models.empty())
    return slots;
  plans::past_of_table past;
  past.schedule = postgres::optional_in<std::string>(tx.exec_params1(
    "SELECT schedule FROM pgtrickle.pgt_stream_tables WHERE pgt_id = $1",
    static_cast<std::int64_t>(id))[0]);
  for (const auto& expected :
       forecast(models.begin()->second, plans::schedule_of(past, {}),
                plans::time_of(tx), horizon, slot))
    slots.push_back({{"from", time_text(expected.from)},
                     {"until", time_text(expected.until)},
                     {"changes", band_of(expected.changes)},
                     {"refresh_ms", band_of(expected.refresh_ms)},
                     {"lag_ms", band_of(expected.lag_ms)}});
  return slots;
}

json operators_of(const std::string& shape, const json& relations) {
  auto listed = json::array();
  for (const auto& one : operators_in(shape)) {
    json entry{{"depth", one.depth}, {"operator", one.name}};
    if (one.relation)
      entry["relation"]
        = relations.value(std::to_string(*one.relation), std::string{});
    listed.push_back(std::move(entry));
  }
  return listed;
}

/// What helps against an error of the catalog; it may have a hint of its own.
std::string remedy_for(const json& error) {
  if (error["hint"].is_string())
    return error["hint"].get<std::string>();
  const auto state = error["sqlstate"].is_string()
                       ? error["sqlstate"].get<std::string>()
                       : std::string{};
  for (const auto& described : error_descriptions())
    if (described.sqlstate == state)
      return std::string{described.remedy};
  return "Correct the data or the query that the message names; then call "
         "pgtrickle.refresh_stream_table(), or "
         "pgtrickle.resume_stream_table() if the status is ERROR.";
}

json complete(pqxx::dbtransaction& tx, const pqxx::row& row,
              const statement_log& log, const std::string& database) {
  const stream_table_id id{row["pgt_id"].as<std::int64_t>()};
  auto told = json::parse(row["told"].as<std::string>());
  told["operators"]
    = operators_of(row["plan_shape"].as<std::string>(), told["relations"]);
  told.erase("relations");
  if (told["error"].is_object()) {
    told["error"]["remedy"] = remedy_for(told["error"]);
    told["error"].erase("hint");
  }
  told["forecast"] = forecast_in(tx, id);
  told["last_by_statement"] = log.of(database, id);
  return told;
}

} // namespace

result<json> read_database(postgres::session& db) {
  return db.once<json>([](pqxx::transaction_base& tx) {
    return json::parse(
      tx.exec1(std::string{sql::dashboard_database})[0].as<std::string>());
  });
}

result<json> read_stream_table(postgres::session& db, const statement_log& log,
                               const std::string& database,
                               const std::string& name) {
  return db.run<json>(isolation::repeatable_read, [&](pqxx::dbtransaction& tx) {
    const auto found
      = tx.exec_params(std::string{sql::dashboard_stream_table}, name);
    if (found.empty())
      throw postgres::abandoned(
        {errc::stream_table_not_found,
         "there is no stream table " + name,
         {},
         "/api/v1/status lists the stream tables of this node."});
    return complete(tx, found[0], log, database);
  });
}

} // namespace pgtrickle::dashboard
