#include "services/engine/program_store.hpp"

#include "services/capture/staging.hpp"
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

} // namespace

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

namespace {

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

void create_views(pqxx::dbtransaction& tx, const refresh_program& program,
                  const std::string& owner) {
  for (const auto& source : program.sources)
    if (!source.view.empty())
      tx.exec(fmt::format("{}; GRANT SELECT ON {} TO {}", create_view(source),
                          source.view, quoted(owner)));
}

} // namespace

void create_function(pqxx::dbtransaction& tx, const std::string& name,
                     const std::string& body, const std::string& owner,
                     const std::string& settings) {
  tx.exec(fmt::format("CREATE FUNCTION {0}(mode text, later xid8, open xid8[], "
                      "own xid8, places tid[], changes bigint[], direct "
                      "text[]) "
                      "RETURNS bigint[] LANGUAGE plpgsql SECURITY DEFINER "
                      "SET search_path = pg_catalog, pg_temp "
                      "SET plan_cache_mode = auto{3} AS {1}; "
                      "REVOKE ALL ON FUNCTION {0} FROM PUBLIC; "
                      "ALTER FUNCTION {0} OWNER TO {2}; "
                      "GRANT USAGE ON SCHEMA pgtrickle_state TO {2}",
                      name, literal(body), quoted(owner), settings));
}

void drop_other_indexes(pqxx::dbtransaction& tx, const program_target& target,
                        const std::string& former,
                        const refresh_program& program) {
  const auto before = program_from_json(former);
  if (!before || before->indexes == program.indexes)
    return;
  for (const auto& row : tx.exec_params(
         "SELECT CASE WHEN EXISTS (SELECT FROM pg_constraint WHERE conindid = "
         "c.oid AND contype = 'p') THEN format('ALTER TABLE %s DROP CONSTRAINT "
         "%I', i.indrelid::regclass, c.relname) ELSE format('DROP INDEX %s', "
         "c.oid::regclass) END FROM pg_index i "
         "JOIN pg_class c ON c.oid = i.indexrelid "
         "WHERE i.indrelid = $1::regclass AND c.relname = $2",
         target.name, row_index(target.id)))
    tx.exec(row[0].as<std::string>());
}

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

void record_program(pqxx::dbtransaction& tx, const prepared_query& prepared,
                    const program_target& target,
                    const refresh_program& program) {
  const auto id = static_cast<std::int64_t>(target.id);
  tx.exec_params("SELECT pgtrickle._record_references($1, $2::jsonb)", id,
                 prepared.query.references);
  tx.exec_params(
    "UPDATE pgtrickle.pgt_stream_tables t SET program = $2::jsonb, "
    "defining_query = $3, time_dependent = $4, mode_reason = nullif($5, ''), "
    "plan_shape = $6, table_owner = c.relowner, "
    "table_columns = pgtrickle._table_columns(c.oid), needs_recompile = false, "
    "definition_version = definition_version + 1, updated_at = now() "
    "FROM pg_class c WHERE pgt_id = $1 AND c.oid = pgt_relid",
    id, to_json(program), prepared.query.canonical, prepared.time_dependent,
    prepared.full_reason, shape_of(*prepared.plan));
}

void install_program(pqxx::dbtransaction& tx, const prepared_query& prepared,
                     const refresh_program& program,
                     const program_target& target, const std::string& owner) {
  uninstall(tx, target.id);
  create_tables(tx, program.create_state, program.state, owner);
  for (const auto& state : program.state)
    tx.exec(fmt::format("SELECT pgtrickle._withhold_statistics('{}'::regclass)",
                        state));
  if (target.immediate)
    create_tables(tx, program.create_staging, program.staging, owner);
  else
    create_views(tx, program, owner);
  create_function(tx, refresh_function(target.id), program.function_body, owner,
                  program.immediate ? pinned_settings() : "");
  record_program(tx, prepared, target, program);
  if (target.immediate)
    install_immediate(tx, target.id);
  tx.exec(fmt::format("SELECT {}('CHECK', NULL, NULL, NULL, NULL, NULL, NULL)",
                      refresh_function(target.id)));
}

void reattach_program(pqxx::dbtransaction& tx, const refresh_program& program,
                      stream_table_id id, const std::string& owner) {
  tx.exec("GRANT USAGE ON SCHEMA pgtrickle_state TO " + quoted(owner));
  create_tables(tx, {}, program.state, owner);
  if (program.immediate) {
    create_tables(tx, {}, program.staging, owner);
    // Of a table that was never analysed the planner expects ten pages.
    for (const auto& staging : program.staging)
      tx.exec("ANALYZE " + staging);
    uninstall_immediate(tx, id);
    install_immediate(tx, id);
  } else {
    create_views(tx, program, owner);
  }
}

void install(pqxx::dbtransaction& tx, const prepared_query& prepared,
             const program_target& target, const std::string& owner) {
  const auto program = compile(*prepared.plan, target);
  if (target.immediate)
    lock_sources(tx, prepared.query.tables, owner);
  else
    uninstall_immediate(tx, target.id);
  drop_other_indexes(tx, target, catalog::program_of(tx, target.id), program);
  catalog::record_sources(tx, target.id, sources_of(prepared, program));
  install_program(tx, prepared, program, target, owner);
}

void uninstall(pqxx::dbtransaction& tx, stream_table_id id) {
  tx.exec_params("SELECT pgtrickle._drop_program($1)",
                 static_cast<std::int64_t>(id));
}

} // namespace pgtrickle::engine
