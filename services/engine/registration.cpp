#include "services/engine/registration.hpp"

#include "services/catalog/stream_table_store.hpp"
#include "services/engine/definition_checks.hpp"
#include "services/engine/immediate.hpp"
#include "services/engine/program_store.hpp"
#include "services/engine/stream_table_names.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle::engine {

using postgres::abandoned;
using postgres::isolation;
using postgres::session;

namespace {

void check_name_is_free(pqxx::dbtransaction& tx, const caller& by,
                        const qualified_name& name) {
  const auto full = quoted(name.schema) + "." + quoted(name.name);
  const auto row = tx.exec_params1(
    "SELECT to_regclass($1) IS NOT NULL, to_regnamespace($2) IS NOT NULL", full,
    quoted(name.schema));
  if (!row[1].as<bool>())
    throw abandoned({errc::invalid_argument,
                     "schema " + quoted(name.schema) + " does not exist",
                     {},
                     "Create the schema first.",
                     "3F000"});
  if (row[0].as<bool>())
    throw abandoned({errc::already_exists,
                     "relation " + full + " already exists",
                     {},
                     "Choose another name, or change a stream table by "
                     "pgtrickle.alter_stream_table()."});
  if (!tx.exec_params1("SELECT has_schema_privilege($1, $2, 'CREATE')", by.role,
                       name.schema)[0]
         .as<bool>())
    throw abandoned({errc::permission_denied,
                     "permission denied for schema " + quoted(name.schema),
                     {},
                     "Grant CREATE on the schema to " + quoted(by.role) + "."});
}

/// Creates the table itself: exactly the query's columns, the caller's own.
oid create_table(pqxx::dbtransaction& tx, const std::string& name,
                 const prepared_query& prepared, const std::string& owner) {
  std::vector<std::string> columns;
  for (std::size_t i = 0; i < prepared.query.names.size(); ++i) {
    const auto& facts = prepared.query.columns[i];
    columns.push_back(
      quoted(prepared.query.names[i]) + " " + facts.type
      + (facts.collation.empty() ? "" : " COLLATE " + facts.collation));
  }
  tx.exec(
    fmt::format("CREATE TABLE {0} ({1}); SELECT pgtrickle._install_guard({2}); "
                "ALTER TABLE {0} OWNER TO {3}",
                name, joined(columns), literal(name), quoted(owner)));
  return tx.exec_params1("SELECT $1::regclass::oid", name)[0].as<oid>();
}

/// Drops one stream table, those that read it first.
void drop(pqxx::dbtransaction& tx, stream_table_id id) {
  const auto tables = catalog::load(tx, {id});
  const auto found = tables.find(id);
  if (found == tables.end())
    return;
  const auto& table = found->second;
  for (const auto& row :
       tx.exec_params("SELECT pgt_id FROM pgtrickle.pgt_dependencies WHERE "
                      "source_relid = $1",
                      table.relid))
    drop(tx, stream_table_id{row[0].as<std::int64_t>()});
  // The event trigger on DROP forgets the rest; views on it keep it alive.
  tx.exec("DROP TABLE " + table.name);
}

} // namespace

stream_table_id create_within(pqxx::dbtransaction& tx, const caller& by,
                              const stream_table_definition& definition) {
  check_size(definition.query);
  check_mode(definition.refresh_mode);
  check_schedule(tx, definition.schedule);
  const bool immediate = definition.refresh_mode == immediate_mode;
  if (immediate && !definition.initialize)
    throw abandoned({errc::invalid_argument,
                     "an IMMEDIATE stream table can't be left empty",
                     {},
                     "Call with initialize => true."});
  const auto name = parse_name(tx, by, definition.name);
  check_name_is_free(tx, by, name);
  const auto prepared
    = prepare(tx, definition.query, {by.role, search_path_of(by)},
              definition.refresh_mode);
  const auto full = quoted(name.schema) + "." + quoted(name.name);
  const auto relid = create_table(tx, full, prepared, by.role);
  const auto id = tx.exec_params1(
    "INSERT INTO pgtrickle.pgt_stream_tables (pgt_relid, pgt_name, pgt_schema, "
    "original_query, original_search_path, defining_query, schedule, "
    "refresh_mode) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING pgt_id",
    relid, name.name, name.schema, definition.query, search_path_of(by),
    prepared.query.canonical, immediate ? std::nullopt : definition.schedule,
    definition.refresh_mode)[0];
  const stream_table_id created{id.as<std::int64_t>()};
  // spelt as whoever compiles it again will spell it
  const auto spelt = catalog::load(tx, {created}).at(created).name;
  install(tx, prepared, {created, spelt, prepared.query.names, immediate},
          by.role);
  if (immediate)
    fill_immediate(tx, created, initiator::initial);
  return created;
}

result<stream_table_id>
create_stream_table(session& db, const caller& by,
                    const stream_table_definition& definition,
                    ownership fence) {
  return db.run<stream_table_id>(isolation::read_committed,
                                 [&](pqxx::dbtransaction& tx) {
                                   auto id = create_within(tx, by, definition);
                                   catalog::check_fence(tx, fence.epoch);
                                   return id;
                                 });
}

result<void> drop_stream_table(session& db, const caller& by,
                               const std::string& name, bool cascade,
                               ownership fence) {
  return db.run<void>(isolation::read_committed, [&](pqxx::dbtransaction& tx) {
    const auto id = resolve(tx, by, name);
    const auto table = catalog::load(tx, {id}).at(id);
    check_owner(tx, by, table.relid, table.name);
    const auto dependents = catalog::dependents_of(tx, table.relid);
    if (!dependents.empty() && !cascade)
      throw abandoned(
        {errc::dependents_exist, "stream tables depend on " + table.name,
         joined(dependents), "Drop them first, or call with cascade => true."});
    drop(tx, id);
    catalog::check_fence(tx, fence.epoch);
  });
}

result<void> discard_stream_table(session& db, stream_table_id id,
                                  ownership fence) {
  return db.run<void>(isolation::read_committed, [&](pqxx::dbtransaction& tx) {
    drop(tx, id);
    catalog::check_fence(tx, fence.epoch);
  });
}

result<stream_table_id> resume_stream_table(session& db, const caller& by,
                                            const std::string& name,
                                            ownership fence) {
  return db.run<stream_table_id>(
    isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      const auto id = resolve(tx, by, name);
      const auto table = catalog::load(tx, {id}).at(id);
      check_owner(tx, by, table.relid, table.name);
      if (table.status != "SUSPENDED" && table.status != "ERROR")
        throw abandoned(
          {errc::wrong_state,
           "stream table " + table.name + " is " + table.status,
           {},
           "Only a SUSPENDED or ERROR stream table can be resumed."});
      tx.exec_params(
        "UPDATE pgtrickle.pgt_stream_tables SET status = "
        "CASE WHEN is_populated THEN 'ACTIVE' ELSE 'INITIALIZING' END, "
        "consecutive_errors = 0, last_error_message = NULL, "
        "last_error_at = NULL, updated_at = now() WHERE pgt_id = $1",
        static_cast<std::int64_t>(id));
      catalog::check_fence(tx, fence.epoch);
      return id;
    });
}

} // namespace pgtrickle::engine
