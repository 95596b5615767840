#include "services/engine/refresh.hpp"

#include "services/engine/broken_query.hpp"
#include "services/engine/immediate.hpp"
#include "services/engine/loaded_order.hpp"
#include "services/engine/program_store.hpp"
#include "services/engine/refresh_history.hpp"
#include "services/engine/refresh_one.hpp"
#include "services/engine/replaced_files.hpp"
#include "services/engine/source_changes.hpp"
#include "services/engine/staged_programs.hpp"
#include "services/engine/target_lag.hpp"
#include "services/engine/work_item.hpp"

#include <algorithm>

namespace pgtrickle::engine {

using postgres::isolation;

struct refresher_session::state {
  postgres::session db;
  staged_programs programs;
  /// Of the PostgreSQL cluster; empty until asked.
  std::string system_identifier;

  using items = std::vector<work_item>;

  [[nodiscard]] result<void> rebuild(work_item& item, ownership fence);
  [[nodiscard]] result<void> probe(items& all);
  [[nodiscard]] result<void> open(items& all, initiator by, ownership fence);
  [[nodiscard]] result<void> refresh(items& all, initiator by, ownership fence);
  [[nodiscard]] begun_refresh begin(pqxx::dbtransaction& tx, items& all,
                                    initiator by);
  void complete(pqxx::dbtransaction& tx, items& all, const begun_refresh& begun,
                std::chrono::steady_clock::time_point began, ownership fence);
  static void foretell(pqxx::dbtransaction& tx, const items& all);
  void record_failures(items& all);
};

refresher_session::refresher_session(postgres::session db)
  : state_(std::make_unique<state>(state{std::move(db), {}, {}})) {}

refresher_session::~refresher_session() = default;
refresher_session::refresher_session(refresher_session&&) noexcept = default;
refresher_session&
refresher_session::operator=(refresher_session&&) noexcept = default;

postgres::session& refresher_session::db() { return state_->db; }

bool refresher_session::is_worn() const { return state_->programs.are_many(); }

/// Compiles the query again: what it stands on has changed.
result<void> refresher_session::state::rebuild(work_item& item,
                                               ownership fence) {
  const auto why = item.table.reinit_reason;
  auto rebuilt
    = db.run<void>(isolation::read_committed, [&](pqxx::dbtransaction& tx) {
        const bool kept = replace_program(tx, item.table);
        catalog::check_fence(tx, fence.epoch);
        item.table = catalog::load(tx, {item.table.id}).at(item.table.id);
        item.table.needs_reinit = !kept;
        item.table.reinit_reason
          = why.empty() ? "a rename changed the plan of the query" : why;
      });
  if (!rebuilt)
    blame_query(item.outcome, rebuilt.error(), why);
  return rebuilt;
}

/// Finds the tables that have something to do.
result<void> refresher_session::state::probe(items& all) {
  const auto may_wait = [](const work_item& item) {
    const auto& table = item.table;
    return !item.outcome.error && table.is_populated && !table.needs_reinit
           && !table.time_dependent && table.consumed;
  };
  change_query query;
  for (const auto& item : all)
    if (may_wait(item) && !item.changed)
      query[*item.table.consumed].merge(sources_of(programs.at(item.table.id)));
  using changes = std::map<frontier, changes_by_source>;
  auto found = query.empty()
                 ? result<changes>{}
                 : db.once<changes>([&](pqxx::transaction_base& tx) {
                     return changes_beyond(tx, query);
                   });
  if (!found)
    return tl::unexpected(found.error());
  for (auto& item : all) {
    if (item.outcome.error)
      continue;
    item.must_run
      = !may_wait(item) || item.changed.value_or(false)
        || std::ranges::any_of(sources_of(programs.at(item.table.id)),
                               [&](oid source) {
                                 return (*found)[*item.table.consumed].contains(
                                   source);
                               })
        || std::ranges::any_of(all, [&](const auto& other) {
             return other.must_run && item.sources.contains(other.table.relid);
           });
  }
  return {};
}

/// Opens the history rows that are still missing.
result<void> refresher_session::state::open(items& all, initiator by,
                                            ownership fence) {
  std::vector<stream_table_id> missing;
  for (const auto& item : all)
    if ((item.must_run || item.outcome.error) && item.history_id == 0)
      missing.push_back(item.table.id);
  if (missing.empty())
    return {};
  const auto opened = open_history(db, missing, by, fence);
  if (!opened)
    return tl::unexpected(opened.error());
  for (auto& item : all)
    if (const auto id = opened->find(item.table.id); id != opened->end())
      item.history_id = id->second;
  return {};
}

/// Takes the snapshot, and counts the changes of all tables that read none of
/// the others.
begun_refresh refresher_session::state::begin(pqxx::dbtransaction& tx,
                                              items& all, initiator by) {
  const auto is_known = [&](const work_item& item) {
    return item.runs() && item.table.is_populated && item.table.consumed
           && std::ranges::none_of(all, [&](const auto& other) {
                return item.sources.contains(other.table.relid);
              });
  };
  change_query query;
  for (const auto& item : all)
    if (is_known(item))
      query[*item.table.consumed].merge(sources_of(programs.at(item.table.id)));
  // Nobody waits for the disk: a crash of PostgreSQL takes rows and frontier
  // together, and the next refresh does both again.
  auto begun = begin_refresh(tx, query, by != initiator::scheduler);
  for (auto& item : all)
    if (is_known(item))
      item.changes = begun.changes[*item.table.consumed];
  return begun;
}

result<void> refresher_session::state::refresh(items& all, initiator by,
                                               ownership fence) {
  return db.run<void>(isolation::repeatable_read, [&](pqxx::dbtransaction& tx) {
    const auto began = std::chrono::steady_clock::now();
    const auto begun = begin(tx, all, by);
    const auto running = std::ranges::count_if(all, &work_item::runs);
    for (auto& item : all) {
      if (!item.runs())
        continue;
      const auto& program = programs.at(item.table.id);
      if (running == 1) {
        refresh_one(tx, item, program);
        break;
      }
      auto done
        = postgres::within_savepoint(tx, [&](pqxx::dbtransaction& inner) {
            refresh_one(inner, item, program);
          });
      if (!done)
        item.outcome.error = std::move(done.error());
    }
    complete(tx, all, begun, began, fence);
  });
}

/// Moves the frontiers to the transaction's snapshot and closes the history.
void refresher_session::state::complete(
  pqxx::dbtransaction& tx, items& all, const begun_refresh& begun,
  std::chrono::steady_clock::time_point began, ownership fence) {
  std::vector<completion> done;
  std::set<oid> sources;
  for (auto& item : all)
    if (item.runs()) {
      sources.merge(sources_of(programs.at(item.table.id)));
      done.push_back({item.outcome, item.history_id,
                      std::chrono::duration_cast<std::chrono::microseconds>(
                        item.began - began),
                      item.table.ddl_serial});
    }
  if (done.empty())
    return catalog::check_fence(tx, fence.epoch);
  check_files(tx, sources);
  complete_refreshes(tx, done,
                     catalog::frontier_json({begun.snapshot, {}},
                                            system_identifier, begun.lsn,
                                            begun.at),
                     begun.at, fence);
  foretell(tx, all);
}

/// A table without a plan, or an extension that has none, is no reason to fail.
void refresher_session::state::foretell(pqxx::dbtransaction& tx,
                                        const items& all) {
  std::vector<stream_table_id> targeted;
  for (const auto& item : all)
    if (item.runs() && item.table.has_target_lag)
      targeted.push_back(item.table.id);
  if (!targeted.empty())
    (void)postgres::within_savepoint(
      tx, [&](pqxx::dbtransaction& inner) { look_ahead(inner, targeted); });
}

/// What can't be recorded now, the connection being lost, is closed when the
/// daemon next connects.
void refresher_session::state::record_failures(items& all) {
  for (auto& item : all)
    if (item.outcome.error)
      if (auto status = record_failure(db, item.history_id, item.outcome))
        item.outcome.status = std::move(*status);
}

result<std::vector<refresh_outcome>>
refresher_session::run(const refresh_order& order, ownership fence) {
  auto& s = *state_;
  auto loaded = load_order(s.db, order, s.programs, s.system_identifier, fence);
  if (!loaded)
    return tl::unexpected(loaded.error());
  auto& all = *loaded;
  // Their sources are refreshed first; what the IMMEDIATE ones then do waits
  // for writers, which the others' snapshot must not.
  const auto immediate
    = std::ranges::stable_partition(all, [](const work_item& item) {
        return item.table.refresh_mode != immediate_mode;
      });
  state::items kept{std::make_move_iterator(immediate.begin()),
                    std::make_move_iterator(immediate.end())};
  all.erase(immediate.begin(), immediate.end());
  for (auto& item : all) {
    auto ready = item.table.needs_reinit || item.table.needs_recompile
                   ? s.rebuild(item, fence)
                   : result<void>{};
    if (ready)
      ready = s.programs.prepare(s.db, item);
    if (!ready)
      item.outcome.error = std::move(ready.error());
  }
  if (auto probed = s.probe(all); !probed)
    return tl::unexpected(probed.error());

  if (auto opened = s.open(all, order.by, fence); !opened)
    return tl::unexpected(opened.error());
  result<void> done;
  if (std::ranges::any_of(all, &work_item::runs))
    done = s.refresh(all, order.by, fence);
  if (!done)
    for (auto& item : all)
      if (item.runs())
        item.outcome.error = done.error();
  s.record_failures(all);
  // What concerns one table alone is that table's failure, not the order's.
  if (!done
      && (all.size() > 1 || reaction_to(done.error().code) != reaction::reject
          || done.error().code == errc::cancelled))
    return tl::unexpected(done.error());

  std::vector<refresh_outcome> outcomes;
  for (auto& item : all) {
    if (!item.must_run && !item.outcome.error) {
      item.outcome.action = "NO_DATA";
      if (order.by == initiator::manual)
        if (auto recorded = record_no_data(s.db, item.table.id, order.by);
            !recorded)
          return tl::unexpected(recorded.error());
    }
    outcomes.push_back(std::move(item.outcome));
  }
  for (auto& item : kept)
    outcomes.push_back(refresh_immediate(s.db, item, order.by, fence));
  return outcomes;
}

} // namespace pgtrickle::engine
