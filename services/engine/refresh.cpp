#include "services/engine/refresh.hpp"

#include "services/capture/staging.hpp"
#include "services/catalog/stream_table_store.hpp"
#include "services/differential/program_json.hpp"
#include "services/engine/program_store.hpp"
#include "services/engine/refresh_action.hpp"
#include "services/engine/refresh_history.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace pgtrickle::engine {

using postgres::isolation;

struct refresher_session::work_item {
  catalog::stored_stream_table table;
  bool time_dependent = false;
  /// Upstream stream tables of the same order.
  std::vector<oid> upstream;
  bool must_run = false;
  std::int64_t history_id = 0;
  refresh_outcome outcome;
  /// When its part of the transaction began, on the monotonic clock.
  std::chrono::steady_clock::time_point began;

  void fail_with(failure reason) { outcome.error = std::move(reason); }
};

namespace {

struct source_changes {
  std::int64_t count = 0;
  bool truncated = false;
};

/// Counts the changes of every source beyond the table's frontier.
std::vector<source_changes> count_all(pqxx::transaction_base& tx,
                                      const refresh_program& program,
                                      const frontier& since) {
  std::vector<std::string> queries;
  for (std::size_t i = 0; i < program.sources.size(); ++i)
    queries.push_back(
      fmt::format("SELECT {} AS at, * FROM ({}) x", i,
                  count_changes(program.sources[i].table, since)));
  std::vector<source_changes> changes(program.sources.size());
  if (queries.empty())
    return changes;
  for (const auto& row : tx.exec(joined(queries, " UNION ALL ")))
    changes[row[0].as<std::size_t>()]
      = {row[1].as<std::int64_t>(), row[2].as<bool>()};
  return changes;
}

double rows_of(pqxx::transaction_base& tx, const refresh_program& program) {
  std::vector<oid> tables;
  for (const auto& source : program.sources)
    tables.push_back(source.table);
  return tx
    .exec_params1(
      "SELECT coalesce(sum(greatest(c.reltuples, 0)), 0) FROM pg_class c, "
      "unnest($1::oid[]) s CROSS JOIN LATERAL pgtrickle._hierarchy_of(s) m "
      "WHERE c.oid = m",
      fmt::format("{{{}}}", fmt::join(tables, ",")))[0]
    .as<double>();
}

double most_changes(pqxx::transaction_base& tx) {
  return tx
    .exec1("SELECT coalesce(current_setting("
           "'pg_trickle.differential_max_change_ratio', true), '0.15')")[0]
    .as<double>();
}

/// Makes the first fill fast to search and to plan.
void finish_fill(pqxx::transaction_base& tx, const refresh_program& program,
                 const std::string& table) {
  for (const auto& index : program.indexes)
    tx.exec(index);
  tx.exec("ANALYZE " + table);
  for (const auto& state : program.state)
    tx.exec("ANALYZE " + state);
}

} // namespace

result<std::vector<refresher_session::work_item>>
refresher_session::load(const refresh_order& order) {
  using items = std::vector<work_item>;
  return db_.run<items>(isolation::read_committed, [&](
                                                     pqxx::dbtransaction& tx) {
    auto tables = catalog::load(tx, order.tables);
    items loaded;
    std::vector<std::int64_t> numbers;
    for (auto id : order.tables)
      if (const auto found = tables.find(id); found != tables.end()) {
        work_item item;
        item.outcome.id = id;
        item.outcome.name = found->second.name;
        item.outcome.status = found->second.status;
        item.table = std::move(found->second);
        loaded.push_back(std::move(item));
        numbers.push_back(static_cast<std::int64_t>(id));
      }
    for (const auto& row : tx.exec_params(
           "SELECT t.pgt_id, t.time_dependent, "
           "coalesce((SELECT string_agg(u.pgt_id::text, ' ') FROM "
           "pgtrickle.pgt_dependencies d "
           "JOIN pgtrickle.pgt_stream_tables u ON u.pgt_relid = d.source_relid "
           "WHERE d.pgt_id = t.pgt_id AND u.pgt_id = ANY ($1::bigint[])), '') "
           "FROM pgtrickle.pgt_stream_tables t WHERE t.pgt_id = ANY "
           "($1::bigint[])",
           fmt::format("{{{}}}", fmt::join(numbers, ","))))
      for (auto& item : loaded)
        if (static_cast<std::int64_t>(item.table.id)
            == row[0].as<std::int64_t>()) {
          item.time_dependent = row[1].as<bool>();
          const auto text = row[2].as<std::string>();
          for (const auto& other : loaded)
            if ((" " + text + " ")
                  .find(fmt::format(" {} ",
                                    static_cast<std::int64_t>(other.table.id)))
                != std::string::npos)
              item.upstream.push_back(other.table.relid);
        }
    return loaded;
  });
}

std::optional<failure> refresher_session::rebuild(work_item& item,
                                                  ownership fence) {
  const auto rebuilt
    = db_.run<void>(isolation::read_committed, [&](pqxx::dbtransaction& tx) {
        replace_program(tx, item.table);
        const auto fresh = catalog::load(tx, {item.table.id});
        catalog::check_fence(tx, fence.epoch);
        item.table = fresh.at(item.table.id);
      });
  if (rebuilt)
    return std::nullopt;
  auto reason = rebuilt.error();
  if (!item.table.reinit_reason.empty() && reason.detail.empty())
    reason.detail = item.table.reinit_reason;
  return reason;
}

result<void> refresher_session::stage_program(work_item& item) {
  const auto known = programs_.find(item.table.id);
  if (known != programs_.end()
      && known->second.version == item.table.definition_version)
    return {};
  staged_program staged{item.table.definition_version, {}};
  auto done
    = db_.run<void>(isolation::read_committed, [&](pqxx::dbtransaction& tx) {
        if (known != programs_.end())
          for (const auto& table : known->second.program.staging)
            tx.exec("DROP TABLE IF EXISTS " + table);
        auto program
          = program_from_json(catalog::program_of(tx, item.table.id));
        if (!program) {
          // written by another version of the compiler
          replace_program(tx, item.table);
          item.table = catalog::load(tx, {item.table.id}).at(item.table.id);
          item.table.needs_reinit = true;
          program = program_from_json(catalog::program_of(tx, item.table.id));
          staged.version = item.table.definition_version;
        }
        for (const auto& statement : program->create_staging)
          tx.exec(statement);
        for (const auto& table : program->staging)
          tx.exec(fmt::format("GRANT ALL ON {} TO {}", table,
                              quoted(item.table.owner)));
        staged.program = std::move(*program);
      });
  if (done)
    programs_.insert_or_assign(item.table.id, std::move(staged));
  else
    programs_.erase(item.table.id);
  return done;
}

result<void> refresher_session::probe(std::vector<work_item>& items) {
  return db_.run<void>(isolation::read_committed, [&](pqxx::dbtransaction& tx) {
    for (auto& item : items) {
      if (item.outcome.error)
        continue;
      item.must_run = !item.table.is_populated || item.table.needs_reinit
                      || item.time_dependent || !item.table.consumed;
      for (const auto& other : items)
        if (other.must_run
            && std::ranges::find(item.upstream, other.table.relid)
                 != item.upstream.end())
          item.must_run = true;
      if (item.must_run)
        continue;
      const auto& program = programs_.at(item.table.id).program;
      for (const auto& changes : count_all(tx, program, *item.table.consumed))
        item.must_run = item.must_run || changes.count > 0;
    }
  });
}

void refresher_session::refresh_one(pqxx::dbtransaction& tx, work_item& item) {
  item.began = std::chrono::steady_clock::now();
  auto& table = item.table;
  const auto& program = programs_.at(table.id).program;
  refresh_situation now{.populated = table.is_populated && table.consumed,
                        .needs_reinit = table.needs_reinit,
                        .reinit_reason = table.reinit_reason,
                        .full_reason = table.mode_reason,
                        .refresh_mode = table.refresh_mode};
  std::vector<source_changes> changes(program.sources.size());
  if (now.populated)
    changes = count_all(tx, program, *table.consumed);
  for (const auto& source : changes) {
    now.changes += source.count;
    now.truncated = now.truncated || source.truncated;
  }
  if (now.refresh_mode == "AUTO" && now.changes > 0) {
    now.source_rows = rows_of(tx, program);
    now.most_changes = most_changes(tx);
  }
  const auto action = choose_action(now);
  std::vector<std::int64_t> staged(program.sources.size());
  std::vector<std::int64_t> counts;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    counts.push_back(changes[i].count);
    if (action.mode == "DIFFERENTIAL" && changes[i].count > 0)
      if (const auto statement
          = stage_changes(program.sources[i], *table.consumed);
          !statement.empty())
        staged[i]
          = static_cast<std::int64_t>(tx.exec(statement).affected_rows());
  }
  item.outcome.action = action.name;
  item.outcome.reason = action.reason;
  item.outcome.changes_consumed = now.changes;
  if (action.mode == "DIFFERENTIAL" && now.changes == 0) {
    item.outcome.action = "NO_DATA";
  } else {
    const auto row = tx.exec1(
      fmt::format("SELECT r[1], r[2] FROM {}('{}', '{{{}}}', '{{{}}}') r",
                  refresh_function(table.id), action.mode,
                  fmt::join(staged, ","), fmt::join(counts, ",")));
    item.outcome.rows_inserted = row[0].as<std::int64_t>(0);
    item.outcome.rows_deleted = row[1].as<std::int64_t>(0);
  }
  if (action.mode == "FILL")
    finish_fill(tx, program, table.name);
  item.outcome.duration = std::chrono::duration_cast<std::chrono::microseconds>(
    std::chrono::steady_clock::now() - item.began);
}

result<void> refresher_session::refresh(std::vector<work_item>& items,
                                        ownership fence) {
  return db_.run<void>(
    isolation::repeatable_read, [&](pqxx::dbtransaction& tx) {
      const auto began = std::chrono::steady_clock::now();
      // First of all, before the transaction has an xid of its own.
      const auto snapshot
        = tx.exec1("SELECT pg_current_snapshot(), clock_timestamp(), "
                   "pg_current_wal_lsn()");
      tx.exec("SET LOCAL pg_trickle.internal_refresh = on");
      const auto running = std::ranges::count_if(
        items, [](const auto& item) { return item.must_run; });
      for (auto& item : items) {
        if (!item.must_run)
          continue;
        if (running == 1) {
          refresh_one(tx, item);
          continue;
        }
        auto done = postgres::within_savepoint(
          tx, [&](pqxx::dbtransaction& inner) { refresh_one(inner, item); });
        if (!done)
          item.fail_with(std::move(done.error()));
      }
      frontier reached{snapshot[0].as<std::string>(), std::nullopt};
      const auto own = tx.exec1("SELECT pg_current_xact_id_if_assigned()")[0];
      if (!own.is_null())
        reached.own_xid = own.as<std::string>();
      const auto at = snapshot[1].as<std::string>();
      const auto stored = catalog::frontier_json(
        reached, system_identifier_, snapshot[2].as<std::string>(), at);
      for (auto& item : items) {
        if (!item.must_run || item.outcome.error)
          continue;
        const auto milliseconds
          = static_cast<double>(item.outcome.duration.count()) / 1000;
        const bool full = item.outcome.action == "FULL"
                          || item.outcome.action == "REINITIALIZE";
        item.outcome.status
          = tx.exec_params1(
                "UPDATE pgtrickle.pgt_stream_tables SET frontier = $2::jsonb, "
                "data_timestamp = $3::timestamptz, last_refresh_at = "
                "clock_timestamp(), "
                "is_populated = true, needs_reinit = false, reinit_reason = "
                "NULL, "
                "consecutive_errors = 0, last_error_message = NULL, "
                "last_error_at = NULL, "
                "effective_refresh_mode = CASE $4 WHEN 'NO_DATA' THEN "
                "effective_refresh_mode "
                "WHEN 'DIFFERENTIAL' THEN 'DIFFERENTIAL' ELSE 'FULL' END, "
                "last_full_ms = coalesce($5, last_full_ms), "
                "last_diff_ms = coalesce($6, last_diff_ms), "
                "status = CASE status WHEN 'SUSPENDED' THEN status ELSE "
                "'ACTIVE' END "
                "WHERE pgt_id = $1 RETURNING status",
                static_cast<std::int64_t>(item.table.id), stored, at,
                item.outcome.action,
                full ? std::optional{milliseconds} : std::nullopt,
                item.outcome.action == "DIFFERENTIAL"
                  ? std::optional{milliseconds}
                  : std::nullopt)[0]
              .as<std::string>();
        complete_history(tx, item.history_id, item.outcome, at,
                         std::chrono::duration_cast<std::chrono::microseconds>(
                           item.began - began));
      }
      catalog::check_fence(tx, fence.epoch);
    });
}

/// Records the failures of `items`; what can't be recorded now is closed when
/// the daemon next connects.
void refresher_session::record(std::vector<work_item>& items) {
  for (auto& item : items)
    if (item.outcome.error)
      if (auto status = record_failure(db_, item.history_id, item.outcome))
        item.outcome.status = std::move(*status);
}

result<std::vector<refresh_outcome>>
refresher_session::run(const refresh_order& order, ownership fence) {
  if (system_identifier_.empty()) {
    auto row = db_.exec("SELECT system_identifier FROM pg_control_system()");
    if (!row)
      return tl::unexpected(row.error());
    system_identifier_ = (*row)[0][0].as<std::string>();
  }
  auto loaded = load(order);
  if (!loaded)
    return tl::unexpected(loaded.error());
  auto& items = *loaded;
  for (auto& item : items) {
    if (item.table.needs_reinit)
      if (auto reason = rebuild(item, fence))
        item.fail_with(std::move(*reason));
    if (!item.outcome.error)
      if (auto staged = stage_program(item); !staged)
        item.fail_with(std::move(staged.error()));
  }
  if (auto probed = probe(items); !probed)
    return tl::unexpected(probed.error());

  std::vector<stream_table_id> running;
  for (const auto& item : items)
    if (item.must_run || item.outcome.error)
      running.push_back(item.table.id);
  if (!running.empty()) {
    auto opened = open_history(db_, running, order.by);
    if (!opened)
      return tl::unexpected(opened.error());
    for (auto& item : items)
      if (const auto id = opened->find(item.table.id); id != opened->end())
        item.history_id = id->second;
    if (auto done = refresh(items, fence); !done) {
      for (auto& item : items)
        if (item.must_run && !item.outcome.error)
          item.fail_with(done.error());
      record(items);
      // What concerns one table is its own failure; the rest the caller
      // decides.
      if (items.size() > 1 || reaction_to(done.error().code) != reaction::reject
          || done.error().code == errc::cancelled)
        return tl::unexpected(done.error());
    } else {
      record(items);
    }
  }
  std::vector<refresh_outcome> outcomes;
  for (auto& item : items) {
    if (!item.must_run && !item.outcome.error) {
      item.outcome.action = "NO_DATA";
      if (order.by == initiator::manual)
        if (auto recorded = record_no_data(db_, item.table.id, order.by);
            !recorded)
          return tl::unexpected(recorded.error());
    }
    outcomes.push_back(std::move(item.outcome));
  }
  return outcomes;
}

} // namespace pgtrickle::engine
