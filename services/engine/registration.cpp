#include "services/engine/registration.hpp"

#include "services/catalog/stream_table_store.hpp"
#include "services/engine/alteration.hpp"
#include "services/engine/immediate.hpp"
#include "services/engine/program_store.hpp"
#include "services/engine/stream_table_names.hpp"
#include "services/query/sql_text.hpp"
#include "services/scheduling/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pgtrickle::engine {

using postgres::abandoned;
using postgres::isolation;
using postgres::session;
using postgres::value_of;

namespace {

constexpr std::size_t largest_query = 1024 * 1024;

void check_size(const std::string& query) {
  if (query.size() > largest_query)
    throw abandoned(
      {errc::query_too_large,
       fmt::format("the defining query has {} bytes", query.size()),
       {},
       "The limit is 1 MB: put parts of the query into views."});
}

void check_mode(const std::string& mode) {
  static constexpr std::array known
    = {"AUTO", "DIFFERENTIAL", "FULL", immediate_mode};
  if (std::ranges::find(known, mode) == known.end())
    throw abandoned({errc::invalid_argument,
                     "refresh_mode \"" + mode + "\" is not known",
                     {},
                     "Use AUTO, DIFFERENTIAL, FULL or IMMEDIATE."});
}

void check_schedule(pqxx::dbtransaction& tx,
                    const std::optional<std::string>& text) {
  // With its unit once the extension's library is loaded, else as written.
  const auto shortest
    = tx.exec1(
          "SELECT CASE WHEN x ~ '^\\d+$' THEN x::int "
          "ELSE extract(epoch FROM x::interval)::int END FROM "
          "coalesce(current_setting('pg_trickle.min_schedule_seconds', true), "
          "'1') x")[0]
        .as<int>();
  schedule_rules rules;
  rules.shortest_interval = std::chrono::seconds{shortest};
  (void)value_of(parse_schedule(text, rules));
}

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

/// It follows its sources by itself, whatever the time or the daemon's state.
void check_immediate(const stream_table_change& change) {
  if (change.schedule || change.status == "SUSPENDED")
    throw abandoned({errc::invalid_argument,
                     change.schedule
                       ? "an IMMEDIATE stream table has no schedule"
                       : "an IMMEDIATE stream table can't be SUSPENDED",
                     {},
                     "Give it the refresh_mode AUTO as well."});
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
  tx.exec(fmt::format(
    "CREATE TABLE {0} ({1}); "
    "CREATE TRIGGER pgt_dml_guard BEFORE INSERT OR UPDATE OR DELETE OR "
    "TRUNCATE "
    "ON {0} FOR EACH STATEMENT EXECUTE FUNCTION pgtrickle._refuse_write(); "
    "ALTER TABLE {0} OWNER TO {2}",
    name, joined(columns), quoted(owner)));
  return tx.exec_params1("SELECT $1::regclass::oid", name)[0].as<oid>();
}

stream_table_id create(pqxx::dbtransaction& tx, const caller& by,
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

result<stream_table_id>
create_stream_table(session& db, const caller& by,
                    const stream_table_definition& definition,
                    ownership fence) {
  return db.run<stream_table_id>(isolation::read_committed,
                                 [&](pqxx::dbtransaction& tx) {
                                   auto id = create(tx, by, definition);
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

namespace {

void apply_settings(pqxx::dbtransaction& tx, stream_table_id id,
                    const stream_table_change& change) {
  const auto number = static_cast<std::int64_t>(id);
  if (change.schedule) {
    check_schedule(tx, change.schedule);
    tx.exec_params("UPDATE pgtrickle.pgt_stream_tables SET schedule = "
                   "CASE WHEN lower($2) = 'calculated' THEN NULL ELSE $2 "
                   "END WHERE pgt_id = $1",
                   number, *change.schedule);
  }
  if (!change.status)
    return;
  if (*change.status != "ACTIVE" && *change.status != "SUSPENDED")
    throw abandoned({errc::invalid_argument,
                     "status \"" + *change.status + "\" can't be set",
                     {},
                     "Use ACTIVE or SUSPENDED."});
  tx.exec_params("UPDATE pgtrickle.pgt_stream_tables SET status = "
                 "CASE WHEN $2 = 'ACTIVE' AND NOT is_populated THEN "
                 "'INITIALIZING' ELSE $2 END, consecutive_errors = 0 "
                 "WHERE pgt_id = $1",
                 number, *change.status);
}

/// Whether the change is of an IMMEDIATE stream table, or makes one. There is
/// no beside then: its writers wait until it is filled.
bool concerns_immediate(const catalog::stored_stream_table& table,
                        const stream_table_change& change) {
  return table.refresh_mode == immediate_mode
         || change.refresh_mode.value_or("") == immediate_mode;
}

/// Changes the mode, and the query of an IMMEDIATE stream table, in place.
void redefine(pqxx::dbtransaction& tx, catalog::stored_stream_table table,
              const stream_table_change& change,
              const std::string& search_path) {
  const bool was_immediate = table.refresh_mode == immediate_mode;
  table.refresh_mode = change.refresh_mode.value_or(table.refresh_mode);
  const bool immediate = table.refresh_mode == immediate_mode;
  check_mode(table.refresh_mode);
  if (immediate)
    check_immediate(change);
  table.needs_reinit = true;
  const auto number = static_cast<std::int64_t>(table.id);
  // What is captured goes by it.
  tx.exec_params("UPDATE pgtrickle.pgt_stream_tables SET refresh_mode = $2 "
                 "WHERE pgt_id = $1",
                 number, table.refresh_mode);
  if (change.query) {
    table.original_query = *change.query;
    table.original_search_path = search_path;
    replace_query_in_place(tx, table);
  } else {
    (void)replace_program(tx, table);
  }
  if (was_immediate && !immediate)
    leave_immediate(tx, table.id);
  if (immediate)
    fill_immediate(tx, table.id, initiator::manual);
  else
    tx.exec_params("UPDATE pgtrickle.pgt_stream_tables SET needs_reinit = "
                   "true, reinit_reason = 'altered' WHERE pgt_id = $1",
                   number);
}

} // namespace

result<stream_table_id> alter_stream_table(session& db, const caller& by,
                                           const stream_table_change& change,
                                           ownership fence) {
  if (change.query) {
    const auto in_place
      = db.run<bool>(isolation::read_committed, [&](pqxx::dbtransaction& tx) {
          check_size(*change.query);
          if (change.refresh_mode)
            check_mode(*change.refresh_mode);
          if (change.schedule)
            check_schedule(tx, change.schedule);
          const auto id = resolve(tx, by, change.name);
          return concerns_immediate(catalog::load(tx, {id}).at(id), change);
        });
    if (!in_place)
      return tl::unexpected(in_place.error());
    if (!*in_place)
      return replace_query(db, by, change, fence,
                           [&](pqxx::dbtransaction& tx, stream_table_id id) {
                             apply_settings(tx, id, change);
                           });
  }
  return db.run<stream_table_id>(
    isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      const auto id = resolve(tx, by, change.name);
      const auto table = catalog::load(tx, {id}).at(id);
      check_owner(tx, by, table.relid, table.name);
      apply_settings(tx, id, change);
      if (change.refresh_mode || change.query)
        redefine(tx, table, change, search_path_of(by));
      catalog::check_fence(tx, fence.epoch);
      return id;
    });
}

} // namespace pgtrickle::engine
