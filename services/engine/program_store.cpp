#include "services/engine/program_store.hpp"

#include "services/capture/staging.hpp"
#include "services/dependency/graph.hpp"
#include "services/differential/program_json.hpp"
#include "services/engine/immediate.hpp"
#include "services/postgres/session.hpp"
#include "services/query/determinism.hpp"
#include "services/query/parse_tree.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle::engine {

namespace {

/// The query as one opaque node: recomputed by every refresh.
plan_ptr recomputed(const catalog::analysed_query& query,
                    const describe_query& describe, const std::string& reason) {
  const auto sql = fmt::format("SELECT * FROM ({}) AS o({})", query.canonical,
                               column_list("", query.columns.size()));
  return std::make_shared<const plan>(
    plan{opaque{sql, query.tables, reason}, describe("(" + sql + ")"), {}});
}

catalog::recorded_sources sources_of(const prepared_query& prepared,
                                     const refresh_program& program) {
  catalog::recorded_sources sources;
  for (auto table : prepared.query.tables)
    sources.tables[table];
  for (const auto& source : program.sources) {
    auto& attnums = sources.tables[source.table] = source.attnums;
    if (source.any_column)
      attnums.push_back(catalog::any_column);
  }
  sources.views = prepared.query.views;
  return sources;
}

/// Created by `statements`, for the owner's function to work on. He may not put
/// triggers on them: others than he write to some.
void create_tables(pqxx::dbtransaction& tx,
                   const std::vector<std::string>& statements,
                   const std::vector<std::string>& tables,
                   const std::string& owner) {
  for (const auto& statement : statements)
    tx.exec(statement);
  for (const auto& table : tables)
    tx.exec(
      fmt::format("GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON {} TO {}",
                  table, quoted(owner)));
}

void create_function(pqxx::dbtransaction& tx, stream_table_id id,
                     const refresh_program& program, const std::string& owner) {
  const auto name = refresh_function(id);
  tx.exec(fmt::format("CREATE FUNCTION {0}(mode text, windows text[], changes "
                      "bigint[], direct boolean[]) "
                      "RETURNS bigint[] LANGUAGE plpgsql SECURITY DEFINER "
                      "SET search_path = pg_catalog, pg_temp{3} AS {1}; "
                      "REVOKE ALL ON FUNCTION {0} FROM PUBLIC; "
                      "ALTER FUNCTION {0} OWNER TO {2}; "
                      "GRANT USAGE ON SCHEMA pgtrickle_state TO {2}",
                      name, literal(program.function_body), quoted(owner),
                      program.immediate ? pinned_settings() : ""));
}

void create_views(pqxx::dbtransaction& tx, const refresh_program& program,
                  const std::string& owner) {
  for (const auto& source : program.sources)
    if (!source.view.empty())
      tx.exec(fmt::format("{}; GRANT SELECT ON {} TO {}", create_view(source),
                          source.view, quoted(owner)));
}

/// An index that the new program does not make alike may not even hold for the
/// new rows: the next refresh makes its own.
void drop_other_indexes(pqxx::dbtransaction& tx, const program_target& target,
                        const refresh_program& program) {
  const auto before = program_from_json(catalog::program_of(tx, target.id));
  if (!before || before->indexes == program.indexes)
    return;
  for (const auto& row :
       tx.exec_params("SELECT i.indexrelid::regclass FROM pg_index i "
                      "JOIN pg_class c ON c.oid = i.indexrelid "
                      "WHERE i.indrelid = $1::regclass AND c.relname = $2",
                      target.name, row_index(target.id)))
    tx.exec("DROP INDEX " + row[0].as<std::string>());
}

} // namespace

std::string refresh_function(stream_table_id id) {
  return fmt::format("pgtrickle_state.refresh_{}",
                     static_cast<std::int64_t>(id));
}

prepared_query prepare(pqxx::dbtransaction& tx, const std::string& query,
                       const caller& reader, const std::string& refresh_mode) {
  prepared_query prepared{
    catalog::analyse(tx, query, reader.search_path, reader.role),
    {},
    {},
    false};
  if (prepared.query.columns.empty())
    throw postgres::abandoned({errc::invalid_query,
                               "the defining query returns no columns",
                               {},
                               "Select at least one column."});
  if (const auto found
      = indeterminism_of(prepared.query.tree, prepared.query.facts)) {
    prepared.full_reason = found->reason;
    prepared.time_dependent = true;
  } else if (!prepared.query.obstacle.empty()) {
    prepared.full_reason = prepared.query.obstacle;
    prepared.time_dependent = true;
  }
  if (!prepared.full_reason.empty()
      && (refresh_mode == "DIFFERENTIAL" || refresh_mode == immediate_mode))
    throw postgres::abandoned(
      {errc::unsupported_query,
       fmt::format("the query can't be maintained {}: {}",
                   refresh_mode == immediate_mode
                     ? "in its writers' transactions"
                     : "differentially",
                   prepared.full_reason),
       {},
       "Use refresh_mode 'AUTO' or 'FULL', which recompute it on schedule, or "
       "take that part out of the query."});
  if (prepared.full_reason.empty() && refresh_mode == "FULL")
    prepared.full_reason = "refresh_mode is FULL";
  const auto describe = catalog::describer(tx, reader.role);
  if (prepared.full_reason.empty())
    prepared.plan = postgres::value_of(
      build_plan(prepared.query.tree, prepared.query.facts, describe));
  else
    prepared.plan = recomputed(prepared.query, describe, prepared.full_reason);
  return prepared;
}

void install(pqxx::dbtransaction& tx, const prepared_query& prepared,
             const program_target& target, const std::string& owner) {
  const auto program = compile(*prepared.plan, target);
  if (target.immediate)
    lock_sources(tx, prepared.query.tables, owner);
  else
    uninstall_immediate(tx, target.id);
  drop_other_indexes(tx, target, program);
  uninstall(tx, target.id);
  catalog::record_sources(tx, target.id, sources_of(prepared, program));
  create_tables(tx, program.create_state, program.state, owner);
  if (target.immediate)
    create_tables(tx, program.create_staging, program.staging, owner);
  else
    create_views(tx, program, owner);
  create_function(tx, target.id, program, owner);
  tx.exec_params(
    "UPDATE pgtrickle.pgt_stream_tables SET program = $2::jsonb, "
    "defining_query = $3, time_dependent = $4, mode_reason = nullif($5, ''), "
    "definition_version = definition_version + 1, updated_at = now() "
    "WHERE pgt_id = $1",
    static_cast<std::int64_t>(target.id), to_json(program),
    prepared.query.canonical, prepared.time_dependent, prepared.full_reason);
  if (target.immediate)
    install_immediate(tx, target.id);
  tx.exec(fmt::format("SELECT {}('CHECK', NULL, NULL, NULL)",
                      refresh_function(target.id)));
}

namespace {

/// The table's columns must be those of the query: their names and types.
void check_columns(pqxx::dbtransaction& tx,
                   const catalog::stored_stream_table& table,
                   const catalog::analysed_query& query) {
  const auto rows = tx.exec_params(
    "SELECT name, type FROM pgtrickle._columns_of($1)", table.relid);
  bool same = rows.size() == query.names.size();
  for (std::size_t i = 0; same && i < query.names.size(); ++i) {
    const auto row = rows[static_cast<pqxx::result::size_type>(i)];
    same = row[0].as<std::string>() == query.names[i]
           && row[1].as<std::string>() == query.columns[i].type;
  }
  if (!same)
    throw postgres::abandoned(
      {errc::source_changed,
       "the query's columns are not those of " + table.name,
       {},
       "Drop the stream table and create it again."});
}

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

} // namespace

void replace_program(pqxx::dbtransaction& tx,
                     const catalog::stored_stream_table& table) {
  const auto prepared
    = prepare(tx, table.original_query,
              {table.owner, table.original_search_path}, table.refresh_mode);
  check_cycle(tx, table, prepared.query.tables);
  check_columns(tx, table, prepared.query);
  tx.exec_params(
    "UPDATE pgtrickle.pgt_stream_tables SET original_query = $2, "
    "original_search_path = $3, refresh_mode = $4 WHERE pgt_id = $1",
    static_cast<std::int64_t>(table.id), table.original_query,
    table.original_search_path, table.refresh_mode);
  install(tx, prepared,
          {table.id, table.name, prepared.query.names,
           table.refresh_mode == immediate_mode},
          table.owner);
}

void uninstall(pqxx::dbtransaction& tx, stream_table_id id) {
  tx.exec_params("SELECT pgtrickle._drop_program($1)",
                 static_cast<std::int64_t>(id));
}

} // namespace pgtrickle::engine
