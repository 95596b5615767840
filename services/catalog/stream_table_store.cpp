#include "services/catalog/stream_table_store.hpp"

#include "services/postgres/session.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <sstream>

namespace pgtrickle::catalog {

std::string array_of(const std::vector<stream_table_id>& ids) {
  std::vector<std::int64_t> numbers;
  for (auto id : ids)
    numbers.push_back(static_cast<std::int64_t>(id));
  return fmt::format("{{{}}}", fmt::join(numbers, ","));
}

namespace {

void read_frontier(const pqxx::field& field, stored_stream_table& table) {
  if (field.is_null())
    return;
  const auto stored
    = nlohmann::json::parse(field.as<std::string>(), nullptr, false);
  if (!stored.is_object() || !stored.contains("snapshot"))
    return;
  table.consumed = frontier{stored["snapshot"], std::nullopt};
  if (const auto own = stored.find("own_xid");
      own != stored.end() && own->is_string())
    table.consumed->own_xid = *own;
  table.system_identifier = stored.value("system_identifier", "");
}

void read_costs(const pqxx::row& row, stored_stream_table& table) {
  if (!row["last_full_ms"].is_null())
    table.last_full_ms = row["last_full_ms"].as<double>();
  if (!row["last_diff_ms"].is_null())
    table.last_diff_ms = row["last_diff_ms"].as<double>();
  table.effective_mode = row["effective_refresh_mode"].as<std::string>("");
  table.mode_spent_ms = row["mode_spent_ms"].as<double>();
  table.has_target_lag = row["has_target_lag"].as<bool>();
}

} // namespace

stored_stream_table stream_table_in(const pqxx::row& row) {
  stored_stream_table table;
  table.id = stream_table_id{row["pgt_id"].as<std::int64_t>()};
  table.relid = row["pgt_relid"].as<oid>();
  table.name = row["name"].as<std::string>();
  table.owner = row["owner"].as<std::string>();
  table.refresh_mode = row["refresh_mode"].as<std::string>();
  table.mode_reason = row["mode_reason"].as<std::string>("");
  table.status = row["status"].as<std::string>();
  table.is_populated = row["is_populated"].as<bool>();
  table.needs_reinit = row["needs_reinit"].as<bool>();
  table.reinit_reason = row["reinit_reason"].as<std::string>("");
  table.needs_recompile = row["needs_recompile"].as<bool>();
  table.ddl_serial = row["ddl_serial"].as<std::int64_t>();
  table.definition_version = row["definition_version"].as<std::int64_t>();
  table.time_dependent = row["time_dependent"].as<bool>();
  read_frontier(row["frontier"], table);
  read_costs(row, table);
  return table;
}

std::map<stream_table_id, stored_stream_table>
load(pqxx::transaction_base& tx, const std::vector<stream_table_id>& ids) {
  std::map<stream_table_id, stored_stream_table> result;
  // A refresh begins here: planned once a session, not each time.
  tx.conn().prepare("pgt_load",
                    fmt::format("SELECT original_query, original_search_path, "
                                "defining_query, {} "
                                "WHERE t.pgt_id = ANY ($1::bigint[])",
                                stream_table_columns));
  for (const auto& row : tx.exec_prepared("pgt_load", array_of(ids))) {
    auto table = stream_table_in(row);
    table.original_query = row["original_query"].as<std::string>();
    table.original_search_path = row["original_search_path"].as<std::string>();
    table.defining_query = row["defining_query"].as<std::string>();
    result.emplace(table.id, std::move(table));
  }
  return result;
}

std::optional<stream_table_id> find_by_relation(pqxx::transaction_base& tx,
                                                oid relid) {
  const auto rows = tx.exec_params(
    "SELECT pgt_id FROM pgtrickle.pgt_stream_tables WHERE pgt_relid = $1",
    relid);
  if (rows.empty())
    return std::nullopt;
  return stream_table_id{rows[0][0].as<std::int64_t>()};
}

sources_by_table sources_of(pqxx::transaction_base& tx,
                            const std::vector<stream_table_id>& ids) {
  sources_by_table sources;
  tx.conn().prepare("pgt_sources",
                    "SELECT pgt_id, source_relid FROM "
                    "pgtrickle.pgt_dependencies WHERE pgt_id = ANY "
                    "($1::bigint[]) AND source_type <> 'VIEW'");
  for (const auto& row : tx.exec_prepared("pgt_sources", array_of(ids)))
    sources[stream_table_id{row[0].as<std::int64_t>()}].insert(
      row[1].as<oid>());
  return sources;
}

std::string program_of(pqxx::transaction_base& tx, stream_table_id id) {
  const auto rows = tx.exec_params(
    "SELECT program FROM pgtrickle.pgt_stream_tables WHERE pgt_id = $1",
    static_cast<std::int64_t>(id));
  return rows.empty() ? std::string{} : rows[0][0].as<std::string>("");
}

recorded_sources recorded_sources_of(pqxx::transaction_base& tx,
                                     stream_table_id id) {
  recorded_sources sources;
  for (const auto& row :
       tx.exec_params("SELECT source_relid, source_type = 'VIEW', "
                      "array_to_string(columns_used, ' ') "
                      "FROM pgtrickle.pgt_dependencies WHERE pgt_id = $1",
                      static_cast<std::int64_t>(id))) {
    if (row[1].as<bool>()) {
      sources.views.insert(row[0].as<oid>());
      continue;
    }
    std::istringstream numbers{row[2].as<std::string>()};
    auto& attnums = sources.tables[row[0].as<oid>()];
    for (std::int16_t attnum = 0; numbers >> attnum;)
      attnums.push_back(attnum);
  }
  return sources;
}

void add_sources(pqxx::transaction_base& tx, stream_table_id id,
                 const recorded_sources& sources) {
  // A column that only one of the two queries reads is captured for both.
  for (const auto& [table, attnums] : sources.tables)
    tx.exec_params(
      "INSERT INTO pgtrickle.pgt_dependencies AS d SELECT $1, $2, "
      "CASE WHEN EXISTS (SELECT FROM pgtrickle.pgt_stream_tables "
      "WHERE pgt_relid = $2) THEN 'STREAM_TABLE' ELSE 'TABLE' END, "
      "$3::smallint[] ON CONFLICT (pgt_id, source_relid) DO UPDATE SET "
      "columns_used = ARRAY(SELECT unnest(d.columns_used) UNION "
      "SELECT unnest(excluded.columns_used) ORDER BY 1)",
      static_cast<std::int64_t>(id), table,
      fmt::format("{{{}}}", fmt::join(attnums, ",")));
  // in the order of oids, so that two registrations can't deadlock
  for (const auto& [table, attnums] : sources.tables)
    tx.exec_params("SELECT pgtrickle._install_capture($1)", table);
}

void void_what_is_known(pqxx::transaction_base& tx, stream_table_id id) {
  tx.exec_params("UPDATE pgtrickle.pgt_stream_tables SET ddl_serial = "
                 "ddl_serial + 1 WHERE pgt_id = $1",
                 static_cast<std::int64_t>(id));
}

void record_sources(pqxx::transaction_base& tx, stream_table_id id,
                    const recorded_sources& sources) {
  const auto number = static_cast<std::int64_t>(id);
  // Who compiles the same stream table at the same time waits here.
  tx.exec_params("SELECT FROM pgtrickle.pgt_stream_tables WHERE pgt_id = $1 "
                 "FOR NO KEY UPDATE",
                 number);
  const auto before = tx.exec_params(
    "SELECT source_relid FROM pgtrickle.pgt_dependencies WHERE pgt_id = $1 "
    "AND source_type <> 'VIEW'",
    number);
  tx.exec_params("DELETE FROM pgtrickle.pgt_dependencies WHERE pgt_id = $1",
                 number);
  for (const auto& [table, attnums] : sources.tables)
    tx.exec_params("INSERT INTO pgtrickle.pgt_dependencies SELECT $1, $2, "
                   "CASE WHEN EXISTS (SELECT FROM pgtrickle.pgt_stream_tables "
                   "WHERE pgt_relid = $2) THEN 'STREAM_TABLE' ELSE 'TABLE' "
                   "END, $3::smallint[]",
                   number, table,
                   fmt::format("{{{}}}", fmt::join(attnums, ",")));
  for (auto view : sources.views)
    tx.exec_params(
      "INSERT INTO pgtrickle.pgt_dependencies VALUES ($1, $2, 'VIEW', '{}')",
      number, view);
  // in the order of oids, so that two registrations can't deadlock
  for (const auto& [table, attnums] : sources.tables)
    tx.exec_params("SELECT pgtrickle._install_capture($1) "
                   "WHERE pgtrickle._needs_capture($1)",
                   table);
  for (const auto& row : before)
    tx.exec_params("SELECT pgtrickle._release_capture($1)", row[0].as<oid>());
  // A rebuild may have found another table under the name: who schedules by
  // the sources has to know.
  tx.exec("NOTIFY pgtrickle_catalog");
}

std::vector<std::string> dependents_of(pqxx::transaction_base& tx, oid relid) {
  std::vector<std::string> names;
  for (const auto& row :
       tx.exec_params("SELECT format('%I.%I', t.pgt_schema, t.pgt_name) "
                      "FROM pgtrickle.pgt_dependencies d "
                      "JOIN pgtrickle.pgt_stream_tables t USING (pgt_id) "
                      "WHERE d.source_relid = $1 ORDER BY 1",
                      relid))
    names.push_back(row[0].as<std::string>());
  return names;
}

void check_fence(pqxx::transaction_base& tx, std::int64_t epoch) {
  tx.conn().prepare(
    "pgt_fence", "SELECT FROM pgtrickle.pgt_owner WHERE epoch = $1 FOR SHARE");
  if (tx.exec_prepared("pgt_fence", epoch).empty())
    throw postgres::abandoned({errc::fenced,
                               "another daemon owns this database",
                               fmt::format("this one's epoch was {}", epoch),
                               "Nothing to do: the new owner carries on."});
}

std::string frontier_json(const frontier& consumed,
                          const std::string& system_identifier,
                          const std::string& lsn, const std::string& at) {
  nlohmann::json json{{"snapshot", consumed.snapshot},
                      {"own_xid", nullptr},
                      {"system_identifier", system_identifier},
                      {"lsn", lsn},
                      {"at", at}};
  if (consumed.own_xid)
    json["own_xid"] = *consumed.own_xid;
  return json.dump();
}

} // namespace pgtrickle::catalog
