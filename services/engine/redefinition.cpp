#include "services/catalog/stream_table_store.hpp"
#include "services/engine/alteration.hpp"
#include "services/engine/definition_checks.hpp"
#include "services/engine/immediate.hpp"
#include "services/engine/program_store.hpp"
#include "services/engine/registration.hpp"
#include "services/engine/stream_table_names.hpp"

namespace pgtrickle::engine {

using postgres::abandoned;
using postgres::isolation;
using postgres::session;

namespace {

void apply_snapshot_settings(pqxx::dbtransaction& tx, stream_table_id id,
                             const stream_table_change& change) {
  if (change.snapshot_schedule)
    check_snapshot_schedule(*change.snapshot_schedule);
  if (change.snapshot_keep.value_or(1) < 1)
    throw abandoned({errc::invalid_argument,
                     "snapshot_keep must be at least 1",
                     {},
                     "Use snapshot_schedule => 'none' to take no snapshots."});
  if (change.snapshot_schedule || change.snapshot_keep)
    tx.exec_params(
      "UPDATE pgtrickle.pgt_stream_tables SET snapshot_schedule = CASE WHEN "
      "$2::text IS NULL THEN snapshot_schedule WHEN lower($2) <> 'none' THEN "
      "$2 "
      "END, snapshot_keep = coalesce($3, snapshot_keep) WHERE pgt_id = $1",
      static_cast<std::int64_t>(id), change.snapshot_schedule,
      change.snapshot_keep);
}

void apply_settings(pqxx::dbtransaction& tx, stream_table_id id,
                    const stream_table_change& change) {
  const auto number = static_cast<std::int64_t>(id);
  if (change.schedule) {
    check_schedule(tx, change.schedule);
    tx.exec_params("UPDATE pgtrickle.pgt_stream_tables SET schedule = "
                   "CASE WHEN lower($2) = 'calculated' THEN NULL ELSE $2 "
                   "END, updated_at = now() WHERE pgt_id = $1",
                   number, *change.schedule);
  }
  apply_snapshot_settings(tx, id, change);
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
  table.needs_reinit = true;
  const auto number = static_cast<std::int64_t>(table.id);
  // What is captured goes by it.
  tx.exec_params("UPDATE pgtrickle.pgt_stream_tables SET refresh_mode = $2, "
                 "needs_reinit = false WHERE pgt_id = $1",
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
  catalog::void_what_is_known(tx, table.id);
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
      if (change.refresh_mode.value_or(table.refresh_mode) == immediate_mode)
        check_immediate(change);
      apply_settings(tx, id, change);
      if (change.refresh_mode || change.query)
        redefine(tx, table, change, search_path_of(by));
      catalog::check_fence(tx, fence.epoch);
      return id;
    });
}

} // namespace pgtrickle::engine
