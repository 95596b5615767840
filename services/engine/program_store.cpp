#include "services/engine/program_store.hpp"

#include "services/catalog/stream_table_store.hpp"
#include "services/differential/program_json.hpp"
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
  for (const auto& source : program.sources)
    sources.tables[source.table] = source.attnums;
  sources.views = prepared.query.views;
  return sources;
}

void create_function(pqxx::dbtransaction& tx, stream_table_id id,
                     const std::string& body, const std::string& owner) {
  const auto name = refresh_function(id);
  tx.exec(fmt::format(
    "CREATE FUNCTION {0}(mode text, staged bigint[], changes bigint[]) "
    "RETURNS bigint[] LANGUAGE plpgsql SECURITY DEFINER "
    "SET search_path = pg_catalog, pg_temp AS {1}; "
    "REVOKE ALL ON FUNCTION {0} FROM PUBLIC; "
    "ALTER FUNCTION {0} OWNER TO {2}; "
    "GRANT USAGE ON SCHEMA pgtrickle_state TO {2}",
    name, literal(body), quoted(owner)));
}

} // namespace

std::string refresh_function(stream_table_id id) {
  return fmt::format("pgtrickle_state.refresh_{}", static_cast<std::int64_t>(id));
}

prepared_query prepare(pqxx::dbtransaction& tx, const std::string& query,
                       const std::string& search_path,
                       const std::string& refresh_mode) {
  prepared_query prepared{catalog::analyse(tx, query, search_path), {}, {}, false};
  if (prepared.query.columns.empty())
    throw postgres::abandoned({errc::invalid_query,
                               "the defining query returns no columns", {},
                               "Select at least one column."});
  if (const auto found = indeterminism_of(prepared.query.tree, prepared.query.facts)) {
    prepared.full_reason = found->reason;
    prepared.time_dependent = true;
  } else if (!prepared.query.obstacle.empty()) {
    prepared.full_reason = prepared.query.obstacle;
    prepared.time_dependent = true;
  }
  if (!prepared.full_reason.empty() && refresh_mode == "DIFFERENTIAL")
    throw postgres::abandoned(
      {errc::unsupported_query,
       "the query can't be maintained differentially: " + prepared.full_reason, {},
       "Use refresh_mode 'AUTO' or 'FULL', which recompute it on schedule, or "
       "take that part out of the query."});
  const auto describe = catalog::describer(tx);
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
  uninstall(tx, target.id);
  catalog::record_sources(tx, target.id, sources_of(prepared, program));
  for (const auto& statement : program.create_state)
    tx.exec(statement);
  for (const auto& state : program.state)
    tx.exec(fmt::format("GRANT ALL ON {} TO {}", state, quoted(owner)));
  create_function(tx, target.id, program.function_body, owner);
  tx.exec_params(
    "UPDATE pgtrickle.pgt_stream_tables SET program = $2::jsonb, "
    "defining_query = $3, time_dependent = $4, mode_reason = nullif($5, ''), "
    "definition_version = definition_version + 1, updated_at = now() "
    "WHERE pgt_id = $1",
    static_cast<std::int64_t>(target.id), to_json(program),
    prepared.query.canonical, prepared.time_dependent, prepared.full_reason);
  tx.exec(fmt::format("SELECT {}('CHECK', NULL, NULL)", refresh_function(target.id)));
}

void uninstall(pqxx::dbtransaction& tx, stream_table_id id) {
  const auto text = catalog::program_of(tx, id);
  if (const auto program = program_from_json(text))
    for (const auto& state : program->state)
      tx.exec("DROP TABLE IF EXISTS " + state);
  tx.exec(fmt::format("DROP FUNCTION IF EXISTS {}(text, bigint[], bigint[])",
                      refresh_function(id)));
}

} // namespace pgtrickle::engine
