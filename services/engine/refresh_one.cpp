#include "services/engine/refresh_one.hpp"

#include "services/engine/program_store.hpp"
#include "services/engine/refresh_action.hpp"
#include "services/engine/refresh_costs.hpp"
#include "services/engine/source_changes.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace pgtrickle::engine {

namespace {

refresh_situation situation_of(const work_item& item,
                               const std::vector<source_changes>& changes,
                               const std::vector<double>& rows) {
  const auto& table = item.table;
  refresh_situation now{.populated = table.is_populated && table.consumed,
                        .needs_reinit = table.needs_reinit,
                        .reinit_reason = table.reinit_reason,
                        .full_reason = table.mode_reason,
                        .refresh_mode = table.refresh_mode};
  for (const auto& source : changes) {
    now.changes += source.count;
    now.truncated = now.truncated || source.truncated;
  }
  now.source_rows = std::accumulate(rows.begin(), rows.end(), 0.0);
  return now;
}

/// What AUTO makes of `now`. The history is read only when it may matter.
refresh_action cheaper_action(pqxx::dbtransaction& tx, const work_item& item,
                              const refresh_situation& now) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  tx.conn().prepare(
    "pgt_auto_settings",
    "SELECT coalesce(current_setting('pg_trickle.differential_max_change_"
    "ratio', true), '0.15')::float8, coalesce(current_setting("
    "'pg_trickle.auto_trial_ratio', true), '0.01')::float8");
  const auto settings = tx.exec_prepared1("pgt_auto_settings");
  const auto& table = item.table;
  const mode_question question{.changes = static_cast<double>(now.changes),
                               .source_rows = now.source_rows,
                               .most_changes = settings[0].as<double>(),
                               .trials = settings[1].as<double>(),
                               .last_differential_ms = table.last_diff_ms,
                               .last_full_ms = table.last_full_ms,
                               .last_was_full = table.effective_mode == "FULL",
                               .spent_ms = table.mode_spent_ms,
                               .chance
                               = std::uniform_real_distribution<>{}(random)};
  if (is_obvious(question))
    return action_for(now, {});
  return action_for(now, choose_mode(question, load_costs(tx, table.id)));
}

/// What the program is told of how to read `changes`: nothing (they are
/// consolidated), an empty text (copied), or a condition that picks them.
std::string told_of(intake how, const frontier& since,
                    const source_changes& changes) {
  switch (how) {
    case intake::consolidated:
      return "NULL";
    case intake::copied:
      return array_element("");
    case intake::in_place:
      break;
  }
  return array_element(window(since, changes.blocks));
}

/// Calls the owner's refresh function.
void call_program(pqxx::dbtransaction& tx, work_item& item,
                  const refresh_program& program, const std::string& mode,
                  const std::vector<source_changes>& changes,
                  const std::vector<double>& rows) {
  const auto since = item.table.consumed.value_or(frontier{"0:0:", {}});
  std::vector<std::string> places;
  std::vector<std::int64_t> counts;
  std::vector<std::string> direct;
  const auto changed
    = std::ranges::count_if(changes, [](const auto& x) { return x.count > 0; });
  for (std::size_t i = 0; i < changes.size(); ++i) {
    places.push_back(places_of(changes[i].blocks));
    counts.push_back(changes[i].count);
    direct.push_back(told_of(intake_of(changes[i].count, rows[i], changed > 1,
                                       program.sources[i].adds_up),
                             since, changes[i]));
  }
  // Planned once a session.
  const auto name = refresh_function(item.table.id);
  tx.conn().prepare(name, fmt::format("SELECT r[1], r[2], current_setting("
                                      "'pg_trickle.last_program', true) FROM "
                                      "{}($1, $2, $3, $4, $5, $6, $7) r",
                                      name));
  const auto row = tx.exec_prepared1(
    name, mode, first_unseen(since), open_in(since), since.own_xid,
    fmt::format("{{{}}}", fmt::join(places, ",")),
    fmt::format("{{{}}}", fmt::join(counts, ",")),
    fmt::format("{{{}}}", fmt::join(direct, ",")));
  item.outcome.rows_inserted = row[0].as<std::int64_t>(0);
  item.outcome.rows_deleted = row[1].as<std::int64_t>(0);
  item.outcome.statements = row[2].as<std::string>("");
}

/// The changes of each source of `program`, in its order.
std::vector<source_changes> changes_of(pqxx::dbtransaction& tx, work_item& item,
                                       const refresh_program& program) {
  std::vector<source_changes> changes(program.sources.size());
  if (!item.table.is_populated || !item.table.consumed)
    return changes;
  const auto& since = *item.table.consumed;
  if (!item.changes)
    item.changes = changes_beyond(tx, {{since, sources_of(program)}})[since];
  for (std::size_t i = 0; i < changes.size(); ++i)
    if (const auto found = item.changes->find(program.sources[i].table);
        found != item.changes->end())
      changes[i] = found->second;
  return changes;
}

} // namespace

void finish_fill(pqxx::dbtransaction& tx, const refresh_program& program,
                 const std::string& table) {
  for (const auto& index : program.indexes)
    tx.exec(index);
  tx.exec("ANALYZE " + table);
  for (const auto& state : program.state)
    tx.exec("ANALYZE " + state);
}

void refresh_one(pqxx::dbtransaction& tx, work_item& item,
                 const refresh_program& program) {
  item.began = std::chrono::steady_clock::now();
  const auto changes = changes_of(tx, item, program);
  // Few changes are treated alike, however large their sources.
  std::int64_t total = 0;
  for (const auto& source : changes)
    total += source.count;
  const auto matters
    = item.table.refresh_mode == "AUTO" ? few_changes : most_consolidated;
  const auto rows = static_cast<double>(total) > matters
                      ? estimated_rows(tx, program)
                      : std::vector<double>(changes.size());
  const auto now = situation_of(item, changes, rows);
  auto action = choose_action(now);
  if (action.mode == "DIFFERENTIAL" && now.refresh_mode == "AUTO"
      && now.changes > 0)
    action = cheaper_action(tx, item, now);
  item.outcome.action = action.name;
  item.outcome.reason = action.reason;
  item.outcome.changes_consumed = now.changes;
  if (action.mode == "DIFFERENTIAL" && now.changes == 0)
    item.outcome.action = "NO_DATA";
  else
    call_program(tx, item, program, action.mode, changes, rows);
  if (action.mode == "FILL" || action.name == "REINITIALIZE")
    finish_fill(tx, program, item.table.name);
  item.outcome.duration = std::chrono::duration_cast<std::chrono::microseconds>(
    std::chrono::steady_clock::now() - item.began);
}

} // namespace pgtrickle::engine
