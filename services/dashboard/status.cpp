#include "services/dashboard/status.hpp"

#include "services/core/alerts.hpp"
#include "services/dashboard/time_text.hpp"
#include "services/scheduling/schedule.hpp"

#include <algorithm>

namespace pgtrickle::dashboard {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using clock_time = std::chrono::sys_time<milliseconds>;

std::string text_in(const json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>()
                                                     : std::string{};
}

/// When its schedule has it refreshed next; or why that can't be told.
void add_next_refresh(json& table, clock_time now,
                      const std::string& time_zone) {
  table["next_refresh"] = nullptr;
  const auto because = [&](const char* why) { table["next_why"] = why; };
  if (table["refresh_mode"] == "IMMEDIATE")
    return because("with each statement that changes a source");
  const auto status = text_in(table, "status");
  if (status == "SUSPENDED" || status == "ERROR")
    return because("not before it is resumed");
  schedule_rules rules;
  rules.shortest_interval = {};
  rules.time_zone = time_zone;
  const auto when = parse_schedule(text_in(table, "schedule"), rules);
  if (!when)
    return because("the schedule can't be read");
  if (const auto* cron = std::get_if<cron_schedule>(&*when)) {
    table["next_refresh"]
      = time_text(cron->next(std::chrono::floor<std::chrono::seconds>(now)));
    return because("by its cron expression");
  }
  if (std::holds_alternative<calculated>(*when))
    return because("when what reads it needs it");
  if (!table["lag_ms"].is_number() || table["lag_ms"] == 0)
    return because("when something changes");
  const auto data
    = clock_time{milliseconds{table["data_ms"].get<std::int64_t>()}};
  table["next_refresh"]
    = time_text(std::max(now, data + std::get<interval>(*when).length));
  because("by its interval");
}

std::string_view remedy_of(const std::string& event) {
  for (const auto& described : alert_descriptions())
    if (described.name == event)
      return described.remedy;
  return {};
}

void add_lists(json& status, const std::string& database, const json& told) {
  const auto now = clock_time{milliseconds{told["now_ms"].get<std::int64_t>()}};
  const auto zone = told["time_zone"].get<std::string>();
  for (auto table : told["stream_tables"]) {
    table["database"] = database;
    add_next_refresh(table, now, zone);
    table.erase("data_ms");
    status["stream_tables"].push_back(std::move(table));
  }
  for (auto alert : told["alerts"]) {
    alert["database"] = database;
    alert["remedy"] = remedy_of(text_in(alert, "event"));
    status["alerts"].push_back(std::move(alert));
  }
  for (auto snapshot : told["snapshots"]) {
    snapshot["database"] = database;
    status["snapshots"].push_back(std::move(snapshot));
  }
}

json nodes_in(const json& listed) {
  auto nodes = json::array();
  for (auto node : listed) {
    node["databases"] = node["databases"].size();
    nodes.push_back(std::move(node));
  }
  return nodes;
}

json databases_in(const findings& found) {
  auto databases = json::array();
  for (auto database : found.workers) {
    for (const auto& figures : found.metrics)
      if (figures.contains("db_oid") && figures["db_oid"] == database["db_oid"])
        database.update(figures);
    const auto read
      = found.databases.find(database["db_name"].get<std::string>());
    database["is_shown"]
      = read != found.databases.end() && read->second.problem.empty();
    if (read != found.databases.end() && !read->second.problem.empty())
      database["problem"] = read->second.problem;
    databases.push_back(std::move(database));
  }
  return databases;
}

std::string key_of(const json& table) {
  return table["database"].get<std::string>() + '\0'
         + table["name"].get<std::string>();
}

std::map<std::string, const json*> by_key(const json& tables) {
  std::map<std::string, const json*> found;
  for (const auto& table : tables)
    found.emplace(key_of(table), &table);
  return found;
}

} // namespace

json status_of(const findings& found) {
  json status{{"node", found.node},
              {"version", found.version},
              {"generated_at",
               time_text(std::chrono::floor<milliseconds>(found.read_at))},
              {"nodes", nodes_in(found.nodes)},
              {"databases", databases_in(found)},
              {"stream_tables", json::array()},
              {"alerts", json::array()},
              {"snapshots", json::array()}};
  for (const auto& [name, reading] : found.databases)
    if (reading.problem.empty())
      add_lists(status, name, reading.told);
  for (const auto* list : {"alerts", "snapshots"})
    std::stable_sort(status[list].begin(), status[list].end(),
                     [](const json& a, const json& b) {
                       return a["created_at"].get<std::string>()
                              > b["created_at"].get<std::string>();
                     });
  return status;
}

json changes_between(const json& old, const json& current) {
  json changes;
  for (const auto& [member, value] : current.items())
    if (member != "stream_tables"
        && !(old.contains(member) && old[member] == value))
      changes[member] = value;
  changes["edition"] = current["edition"];
  changes["stream_tables"] = json::array();
  changes["gone"] = json::array();
  auto before = by_key(old["stream_tables"]);
  for (const auto& table : current["stream_tables"]) {
    const auto known = before.find(key_of(table));
    if (known == before.end() || *known->second != table)
      changes["stream_tables"].push_back(table);
    if (known != before.end())
      before.erase(known);
  }
  for (const auto& [key, table] : before)
    changes["gone"].push_back(
      {{"database", (*table)["database"]}, {"name", (*table)["name"]}});
  return changes;
}

std::vector<std::string> databases_of(const std::string& node,
                                      const json& workers) {
  std::vector<std::string> owned;
  for (const auto& database : workers)
    if (database["node"] == node && database["state"] == "current")
      owned.push_back(database["db_name"].get<std::string>());
  return owned;
}

} // namespace pgtrickle::dashboard
