#include "services/snapshots/restore_rows.hpp"

#include "services/engine/one_off_program.hpp"
#include "services/engine/program_store.hpp"
#include "services/engine/refresh_one.hpp"
#include "services/query/sql_text.hpp"
#include "services/snapshots/progress.hpp"

#include <fmt/format.h>

namespace pgtrickle::snapshots {

namespace {

/// Whether a table that was just created has nothing that must see each row
/// come: users' event triggers may have given it some.
bool is_bare(pqxx::dbtransaction& tx, oid table) {
  return tx
    .exec_params1(
      "SELECT NOT EXISTS (SELECT FROM pg_index WHERE indrelid = $1) AND NOT "
      "EXISTS (SELECT FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 "
      "AND (attnotnull OR atthasdef)) AND NOT EXISTS (SELECT FROM "
      "pg_constraint WHERE conrelid = $1) AND NOT EXISTS (SELECT FROM "
      "pg_trigger WHERE tgrelid = $1 AND tgfoid <> "
      "'pgtrickle._refuse_write()'::regprocedure)",
      table)[0]
    .as<bool>();
}

/// Changes the rows to those of the snapshot, as the owner, by what they differ
/// in.
void apply_difference(pqxx::dbtransaction& tx, restore_work& work) {
  const auto& table = work.table;
  report(tx, stage::comparing_rows, work.snapshot.relid,
         work.snapshot.contents.row_count);
  const auto prepared = engine::prepare(
    tx, table.defining_query, {table.owner, "pg_catalog"}, table.refresh_mode);
  const auto stored
    = engine::rows_of(work.snapshot.name, prepared.query.names, *prepared.plan);
  const auto program
    = compile(stored, {table.id, table.name, prepared.query.names});
  work.rows = engine::run_once(tx, program, "FULL", table.owner);
}

/// Makes the primary key that the stream table had, of the index by which its
/// rows are found if that is on the same columns.
void make_primary_key(pqxx::dbtransaction& tx, const restore_work& work) {
  const auto& table = work.table;
  const auto& names = work.snapshot.contents.primary_key;
  if (names.empty())
    return;
  std::vector<std::string> columns;
  for (const auto& name : names)
    columns.push_back(pgtrickle::quoted(name));
  const auto index = row_index(table.id);
  const bool fits
    = !tx.exec_params(
           "SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
           "WHERE i.indrelid = $1 AND c.relname = $2 AND i.indisunique AND "
           "i.indexprs IS NULL AND to_json(ARRAY(SELECT a.attname FROM "
           "unnest(i.indkey) WITH ORDINALITY k (attnum, at) JOIN pg_attribute "
           "a ON a.attrelid = i.indrelid AND a.attnum = k.attnum ORDER BY "
           "k.at))::text = $3",
           table.relid, index, nlohmann::json(names).dump())
         .empty();
  engine::alter_as_owner(
    tx, table.name,
    {fits ? fmt::format("ADD CONSTRAINT {0} PRIMARY KEY USING INDEX {0}", index)
          : "ADD PRIMARY KEY (" + joined(columns) + ")"},
    table.owner);
}

} // namespace

void check_beforehand(pqxx::dbtransaction& tx, const archive& snapshot) {
  report(tx, stage::verifying_for_restore, snapshot.relid,
         snapshot.contents.row_count);
  check_rows(tx, snapshot);
}

void apply_rows(pqxx::dbtransaction& tx, restore_work& work) {
  const auto& snapshot = work.snapshot;
  if (work.is_new && is_bare(tx, work.table.relid)) {
    report(tx, stage::writing_rows, snapshot.relid,
           snapshot.contents.row_count);
    copy_checked_rows(tx, snapshot, work.table.name);
    work.rows.inserted = snapshot.contents.row_count;
    return;
  }
  if (work.is_new)
    check_beforehand(tx, snapshot);
  apply_difference(tx, work);
}

void apply_arrangements(pqxx::dbtransaction& tx, const restore_work& work,
                        const refresh_program& program) {
  report(tx, stage::writing_arrangements, work.snapshot.relid, 0);
  for (std::size_t i = 0; i < program.state.size(); ++i)
    tx.exec(fmt::format("TRUNCATE {0}; INSERT INTO {0} SELECT * FROM {1}",
                        program.state[i], work.snapshot.arrangements[i]));
}

void finish(pqxx::dbtransaction& tx, const restore_work& work,
            const refresh_program& program) {
  if (work.is_new) {
    engine::finish_fill(tx, program, work.table.name);
    return make_primary_key(tx, work);
  }
  tx.exec("ANALYZE " + work.table.name);
  for (const auto& state : program.state)
    tx.exec("ANALYZE " + state);
}

} // namespace pgtrickle::snapshots
