#include "services/catalog/renamed_query.hpp"
#include "services/dependency/graph.hpp"
#include "services/differential/program_json.hpp"
#include "services/engine/immediate.hpp"
#include "services/engine/program_store.hpp"
#include "services/postgres/session.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <map>

namespace pgtrickle::engine {

namespace {

/// The table's columns must be those of the query, in any order: columns that
/// were added later come last.
void check_columns(pqxx::dbtransaction& tx,
                   const catalog::stored_stream_table& table,
                   const catalog::analysed_query& query) {
  std::map<std::string, std::string> types;
  for (const auto& row : tx.exec_params(
         "SELECT name, type FROM pgtrickle._columns_of($1)", table.relid))
    types[row[0].as<std::string>()] = row[1].as<std::string>();
  const auto refuse = [&](const std::string& what) {
    throw postgres::abandoned(
      {errc::source_changed,
       "the query's columns are not those of " + table.name + ": " + what,
       {},
       "Call pgtrickle.alter_stream_table with the query, which alters the "
       "table's columns."});
  };
  for (std::size_t i = 0; i < query.names.size(); ++i) {
    const auto found = types.extract(query.names[i]);
    if (!found)
      refuse(quoted(query.names[i]) + " is new");
    if (found.mapped() != query.columns[i].type)
      refuse(fmt::format("{} is {}, and was {}", quoted(query.names[i]),
                         query.columns[i].type, found.mapped()));
  }
  if (!types.empty())
    refuse(quoted(types.begin()->first) + " is missing");
}

/// Whether the program that is installed differs from that of `prepared` in
/// names only.
bool keeps_contents(pqxx::dbtransaction& tx,
                    const catalog::stored_stream_table& table,
                    const prepared_query& prepared) {
  const auto row
    = tx.exec_params1("SELECT coalesce(plan_shape, ''), time_dependent "
                      "FROM pgtrickle.pgt_stream_tables WHERE pgt_id = $1",
                      static_cast<std::int64_t>(table.id));
  return table.is_populated && !table.needs_reinit
         && table.refresh_mode != immediate_mode
         && row[0].as<std::string>() == shape_of(*prepared.plan)
         && row[1].as<bool>() == prepared.time_dependent
         && program_from_json(catalog::program_of(tx, table.id));
}

/// What was compiled must be what stands in the catalog when it is committed:
/// from here on, DDL on it waits for this transaction.
void check_serial(pqxx::dbtransaction& tx,
                  const catalog::stored_stream_table& table) {
  if (tx.exec_params("SELECT FROM pgtrickle.pgt_stream_tables "
                     "WHERE pgt_id = $1 AND ddl_serial = $2",
                     static_cast<std::int64_t>(table.id), table.ddl_serial)
        .empty())
    throw postgres::abandoned(
      {errc::serialization_failure,
       "what " + table.name + " stands on was altered while it was compiled",
       {},
       "The scheduler repeats it by itself."});
}

} // namespace

void check_cycle(pqxx::dbtransaction& tx,
                 const catalog::stored_stream_table& table,
                 const std::set<oid>& sources) {
  dependency_graph graph;
  std::map<oid, std::vector<oid>> edges;
  std::map<oid, std::string> names;
  for (const auto& row : tx.exec(
         "SELECT t.pgt_relid, d.source_relid, format('%I.%I', pgt_schema, "
         "pgt_name) "
         "FROM pgtrickle.pgt_stream_tables t JOIN pgtrickle.pgt_dependencies d "
         "USING (pgt_id)")) {
    edges[row[0].as<oid>()].push_back(row[1].as<oid>());
    names[row[0].as<oid>()] = row[2].as<std::string>();
  }
  for (const auto& [relation, read] : edges)
    graph.set_sources(relation, read);
  const std::vector<oid> wanted{sources.begin(), sources.end()};
  if (const auto cycle = graph.cycle_if(table.relid, wanted))
    throw postgres::abandoned(
      {errc::dependency_cycle,
       "the query would make " + table.name + " depend on itself",
       path_text(*cycle, [&](oid id) { return names[id]; }),
       "Read the tables behind the stream table instead."});
}

bool replace_program(pqxx::dbtransaction& tx,
                     const catalog::stored_stream_table& table) {
  check_serial(tx, table);
  const auto stored
    = tx.exec_params1("SELECT defining_query FROM pgtrickle.pgt_stream_tables "
                      "WHERE pgt_id = $1",
                      static_cast<std::int64_t>(table.id))[0]
        .as<std::string>();
  const auto query = catalog::query_of_today(tx, table.id, stored, table.owner);
  const auto prepared
    = prepare(tx, query, {table.owner, "pg_catalog"}, table.refresh_mode);
  check_cycle(tx, table, prepared.query.tables);
  check_columns(tx, table, prepared.query);
  const program_target target{table.id, table.name, prepared.query.names,
                              table.refresh_mode == immediate_mode};
  const bool kept = keeps_contents(tx, table, prepared);
  if (kept) {
    const auto program = compile(*prepared.plan, target);
    tx.exec("DROP FUNCTION " + refresh_function(table.id));
    create_function(tx, refresh_function(table.id), program.function_body,
                    table.owner);
    record_program(tx, prepared, target, program);
  } else {
    install(tx, prepared, target, table.owner);
  }
  check_serial(tx, table);
  return kept;
}

void replace_query_in_place(pqxx::dbtransaction& tx,
                            const catalog::stored_stream_table& table) {
  const auto prepared
    = prepare(tx, table.original_query,
              {table.owner, table.original_search_path}, table.refresh_mode);
  check_cycle(tx, table, prepared.query.tables);
  check_columns(tx, table, prepared.query);
  tx.exec_params("UPDATE pgtrickle.pgt_stream_tables SET original_query = $2, "
                 "original_search_path = $3 WHERE pgt_id = $1",
                 static_cast<std::int64_t>(table.id), table.original_query,
                 table.original_search_path);
  install(tx, prepared,
          {table.id, table.name, prepared.query.names,
           table.refresh_mode == immediate_mode},
          table.owner);
}

} // namespace pgtrickle::engine
