#include "services/engine/immediate.hpp"

#include "services/differential/program_json.hpp"
#include "services/engine/broken_query.hpp"
#include "services/engine/program_store.hpp"
#include "services/engine/refresh_history.hpp"
#include "services/engine/refresh_one.hpp"
#include "services/engine/work_item.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pgtrickle::engine {

using postgres::isolation;

void lock_sources(pqxx::dbtransaction& tx, const std::set<oid>& sources,
                  const std::string& owner) {
  tx.exec_params("SELECT pgtrickle._lock_sources($1::oid[], $2)",
                 fmt::format("{{{}}}", fmt::join(sources, ",")), owner);
}

void install_immediate(pqxx::dbtransaction& tx, stream_table_id id) {
  tx.exec_params("SELECT pgtrickle._install_immediate($1)",
                 static_cast<std::int64_t>(id));
}

void uninstall_immediate(pqxx::dbtransaction& tx, stream_table_id id) {
  tx.exec_params("SELECT pgtrickle._drop_immediate($1, '{}')",
                 static_cast<std::int64_t>(id));
}

std::string pinned_settings() {
  std::string clauses
    = " SET row_security = off SET transform_null_equals = off";
  for (const auto* setting :
       {"TimeZone", "DateStyle", "IntervalStyle", "extra_float_digits",
        "bytea_output", "xmloption", "xmlbinary", "lc_monetary", "lc_numeric",
        "lc_time", "default_text_search_config", "standard_conforming_strings",
        "seq_page_cost", "random_page_cost", "effective_cache_size", "jit"})
    clauses += fmt::format(" SET {} FROM CURRENT", setting);
  return clauses;
}

namespace {

/// Recomputes `table`; what that did goes into `outcome`.
void recompute(pqxx::dbtransaction& tx,
               const catalog::stored_stream_table& table,
               refresh_outcome& outcome) {
  const auto began = std::chrono::steady_clock::now();
  const auto id = static_cast<std::int64_t>(table.id);
  const auto row = tx.exec_params1(
    "SELECT r[1], r[2] FROM pgtrickle._recompute_immediate($1, $2) r", id,
    table.is_populated ? "FULL" : "FILL");
  if (const auto program
      = program_from_json(catalog::program_of(tx, table.id))) {
    finish_fill(tx, *program, table.name);
    // Of a table that was never analysed the planner expects ten pages.
    for (const auto& staging : program->staging)
      tx.exec("ANALYZE " + staging);
  }
  outcome.id = table.id;
  outcome.name = table.name;
  outcome.action = "FULL";
  outcome.rows_inserted = row[0].as<std::int64_t>(0);
  outcome.rows_deleted = row[1].as<std::int64_t>(0);
  outcome.duration = std::chrono::duration_cast<std::chrono::microseconds>(
    std::chrono::steady_clock::now() - began);
  outcome.status
    = tx.exec_params1(
          "UPDATE pgtrickle.pgt_stream_tables SET frontier = NULL, "
          "schedule = NULL, data_timestamp = clock_timestamp(), "
          "last_refresh_at = clock_timestamp(), is_populated = true, "
          "needs_reinit = false, reinit_reason = NULL, consecutive_errors = 0, "
          "last_error_message = NULL, last_error_at = NULL, "
          "effective_refresh_mode = 'IMMEDIATE', last_full_ms = $2, "
          "status = 'ACTIVE' WHERE pgt_id = $1 RETURNING status",
          id, static_cast<double>(outcome.duration.count()) / 1000)[0]
        .as<std::string>();
}

void close_history(pqxx::dbtransaction& tx, std::int64_t id,
                   refresh_outcome& outcome) {
  const auto began
    = tx.exec_params1(
          "SELECT clock_timestamp() - $1 * interval '1 microsecond'",
          outcome.duration.count())[0]
        .as<std::string>();
  complete_history(tx, {outcome, id}, began);
}

/// Whether the stored program has to be compiled again, and why.
bool must_rebuild(pqxx::dbtransaction& tx, work_item& item) {
  if (!item.table.needs_reinit
      && !program_from_json(catalog::program_of(tx, item.table.id))) {
    item.table.needs_reinit = true;
    item.table.reinit_reason = "compiled by another version of pgtrickle";
  }
  return item.table.needs_reinit;
}

/// `compiling` tells where it ended.
void mend(pqxx::dbtransaction& tx, work_item& item, bool& compiling) {
  item.outcome.reason = "asked for";
  const bool rebuild = must_rebuild(tx, item);
  if (rebuild) {
    item.outcome.reason = item.table.reinit_reason;
    compiling = true;
    (void)replace_program(tx, item.table);
    compiling = false;
  }
  recompute(tx, item.table, item.outcome);
  if (rebuild)
    item.outcome.action = "REINITIALIZE";
}

} // namespace

void fill_immediate(pqxx::dbtransaction& tx, stream_table_id id, initiator by) {
  const auto table = catalog::load(tx, {id}).at(id);
  if (table.is_populated && table.needs_reinit)
    (void)replace_program(tx, table);
  refresh_outcome outcome;
  outcome.reason = table.is_populated ? "altered" : "first fill";
  recompute(tx, table, outcome);
  close_history(tx, begin_history(tx, id, by), outcome);
}

void leave_immediate(pqxx::dbtransaction& tx, stream_table_id id) {
  const auto now
    = tx.exec1("SELECT pg_current_snapshot(), pg_current_xact_id(), "
               "(SELECT system_identifier FROM pg_control_system()), "
               "pg_current_wal_lsn(), clock_timestamp()");
  tx.exec_params(
    "UPDATE pgtrickle.pgt_stream_tables SET frontier = $2::jsonb, "
    "effective_refresh_mode = NULL WHERE pgt_id = $1",
    static_cast<std::int64_t>(id),
    catalog::frontier_json({now[0].as<std::string>(), now[1].as<std::string>()},
                           now[2].as<std::string>(), now[3].as<std::string>(),
                           now[4].as<std::string>()));
}

refresh_outcome refresh_immediate(postgres::session& db, work_item& item,
                                  initiator by, ownership fence) {
  auto& outcome = item.outcome;
  const auto& table = item.table;
  if (table.is_populated && !table.needs_reinit && by != initiator::manual) {
    outcome.action = "NO_DATA";
    return outcome;
  }
  const auto opened = open_history(db, {table.id}, by, fence);
  if (!opened) {
    outcome.error = opened.error();
    return outcome;
  }
  item.history_id = opened->at(table.id);
  bool compiling = false;
  auto done
    = db.run<void>(isolation::read_committed, [&](pqxx::dbtransaction& tx) {
        mend(tx, item, compiling);
        close_history(tx, item.history_id, outcome);
        catalog::check_fence(tx, fence.epoch);
      });
  if (!done) {
    if (compiling)
      blame_query(outcome, done.error(), item.table.reinit_reason);
    outcome.error = std::move(done.error());
    if (auto status = record_failure(db, item.history_id, outcome))
      outcome.status = std::move(*status);
  }
  return outcome;
}

} // namespace pgtrickle::engine
