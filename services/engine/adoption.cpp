#include "services/engine/adoption.hpp"

#include "services/catalog/stream_table_store.hpp"
#include "services/differential/program_json.hpp"
#include "services/engine/adopted_changes.hpp"
#include "services/engine/program_store.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <map>

namespace pgtrickle::engine {

namespace {

using reasons = std::map<stream_table_id, std::string>;

bool is_restored(pqxx::transaction_base& tx) {
  return tx.exec("SELECT pgtrickle._is_restored()")[0][0].as<bool>();
}

reasons find_gaps(pqxx::dbtransaction& tx) {
  reasons gaps;
  for (const auto& row : tx.exec("SELECT id, gap FROM "
                                 "pgtrickle._restored_gaps()"))
    gaps.emplace(stream_table_id{row[0].as<std::int64_t>()},
                 "restored from a dump: " + row[1].as<std::string>());
  return gaps;
}

moved_relations find_relations(pqxx::dbtransaction& tx) {
  tx.exec("CREATE TEMP TABLE __pgt_moved ON COMMIT DROP AS "
          "SELECT * FROM pgtrickle._moved_relations()");
  moved_relations moved;
  for (const auto& row : tx.exec("SELECT relation, found, attnums "
                                 "FROM pg_temp.__pgt_moved "
                                 "WHERE found IS NOT NULL")) {
    auto& relation = moved[row[0].as<oid>()];
    relation.found = row[1].as<oid>();
    const auto attnums = nlohmann::json::parse(row[2].as<std::string>());
    for (const auto& [before, now] : attnums.items())
      if (now.is_number())
        relation.attnums[static_cast<std::int16_t>(std::stoi(before))] = now;
  }
  return moved;
}

/// Forgets stream tables that have no table. Returns their names.
std::vector<std::string> forget(pqxx::dbtransaction& tx,
                                const std::vector<std::int64_t>& missing) {
  std::vector<std::string> names;
  for (auto id : missing) {
    names.push_back(
      tx.exec_params1("SELECT format('%I.%I', pgt_schema, pgt_name) "
                      "FROM pgtrickle.pgt_stream_tables WHERE pgt_id = $1",
                      id)[0]
        .as<std::string>());
    tx.exec_params("SELECT pgtrickle._forget_stream_table($1)", id);
  }
  return names;
}

std::vector<std::int64_t> relink(pqxx::dbtransaction& tx) {
  std::vector<std::int64_t> missing;
  for (const auto& row : tx.exec("SELECT pgtrickle._relink_restored()"))
    missing.push_back(row[0].as<std::int64_t>());
  return missing;
}

/// Makes capture for the present oids, and loads what the dump holds. Stream
/// tables whose changes are not all there get a reason.
void adopt_changes(pqxx::dbtransaction& tx, const moved_relations& moved,
                   const relabelling& labels, reasons& gaps) {
  std::map<oid, oid> former;
  for (const auto& [before, now] : moved)
    former[now.found] = before;
  for (const auto& row :
       tx.exec("SELECT DISTINCT found FROM pg_temp.__pgt_moved "
               "WHERE pgtrickle._needs_capture(found) ORDER BY 1")) {
    const auto source = row[0].as<oid>();
    tx.exec_params("SELECT pgtrickle._install_capture($1)", source);
    const auto before = former.at(source);
    if (load_changes(tx, before, moved.at(before), labels))
      continue;
    tx.exec_params("SELECT pgtrickle._changes_lost($1, 'restored from a dump: "
                   "a change buffer lacks a column')",
                   source);
    for (const auto& reader :
         tx.exec_params("SELECT pgt_id, source_relid::regclass FROM "
                        "pgtrickle.pgt_dependencies WHERE source_relid = $1",
                        source))
      gaps.try_emplace(stream_table_id{reader[0].as<std::int64_t>()},
                       "restored from a dump: the change buffer of "
                         + reader[1].as<std::string>() + " lacks a column");
  }
}

/// Puts the present numbers into the stored program. False: it has to be
/// compiled anew.
bool adopt_program(pqxx::dbtransaction& tx,
                   const catalog::stored_stream_table& table,
                   const moved_relations& moved) {
  const auto id = static_cast<std::int64_t>(table.id);
  auto program = program_from_json(catalog::program_of(tx, table.id));
  if (!program || !move_sources(*program, moved))
    return false;
  const auto shape = tx.exec_params1("SELECT coalesce(plan_shape, '') FROM "
                                     "pgtrickle.pgt_stream_tables "
                                     "WHERE pgt_id = $1",
                                     id);
  tx.exec_params("UPDATE pgtrickle.pgt_stream_tables SET "
                 "program = $2::jsonb, plan_shape = $3 WHERE pgt_id = $1",
                 id, to_json(*program),
                 moved_shape(shape[0].as<std::string>(), moved));
  reattach_program(tx, *program, table.id, table.owner);
  return true;
}

/// Programs that can't go on are compiled anew by the next refresh. Until then
/// no trigger of theirs is in the way of writers.
void adopt_tables(pqxx::dbtransaction& tx, const moved_relations& moved,
                  const reasons& gaps, adoption_report& report) {
  std::vector<stream_table_id> ids;
  for (const auto& row : tx.exec("SELECT pgt_id FROM "
                                 "pgtrickle.pgt_stream_tables ORDER BY 1"))
    ids.push_back(stream_table_id{row[0].as<std::int64_t>()});
  for (const auto& [id, table] : catalog::load(tx, ids)) {
    const auto gap = gaps.find(id);
    auto why = table.needs_reinit ? table.reinit_reason : std::string{};
    const bool fits = gap == gaps.end() && adopt_program(tx, table, moved);
    if (fits && !table.needs_reinit) {
      report.continued.push_back(table.name);
      continue;
    }
    if (!fits) {
      why = gap == gaps.end() ? "compiled by another version of pgtrickle"
                              : gap->second;
      tx.exec_params("SELECT pgtrickle._drop_immediate($1, '{}'), "
                     "pgtrickle._mark_for_reinit(ARRAY[$1], $2)",
                     static_cast<std::int64_t>(id), why);
    }
    report.reinitialised.push_back(fmt::format("{} ({})", table.name, why));
  }
}

adoption_report adopt(pqxx::dbtransaction& tx, const relabelling& labels) {
  adoption_report report;
  if (!is_restored(tx))
    return report;
  tx.exec("SELECT pgtrickle._lock_restored()");
  auto gaps = find_gaps(tx);
  const auto moved = find_relations(tx);
  tx.exec("SELECT pgtrickle._detach_restored()");
  report.forgotten = forget(tx, relink(tx));
  tx.exec("SELECT pgtrickle._begin_adopting_snapshots()");
  adopt_changes(tx, moved, labels, gaps);
  adopt_tables(tx, moved, gaps, report);
  tx.exec("SELECT pgtrickle._end_adopting_snapshots()");
  move_frontiers(tx, labels);
  tx.exec("SELECT pgtrickle._end_adoption()");
  return report;
}

} // namespace

result<std::optional<restore_progress>> watch_restore(postgres::session& db,
                                                      std::string& first_seen) {
  using progress = std::optional<restore_progress>;
  return db.run<progress>(
    postgres::isolation::read_committed,
    [&](pqxx::dbtransaction& tx) -> progress {
      if (!is_restored(tx))
        return std::nullopt;
      if (first_seen.empty())
        first_seen = tx.exec1("SELECT clock_timestamp()")[0].as<std::string>();
      const auto row
        = tx.exec_params1("SELECT pgtrickle._restoring_session($1), "
                          "(SELECT count(*) FROM pgtrickle._restored_gaps())",
                          first_seen);
      return restore_progress{row[0].as<std::string>(""),
                              row[1].as<std::size_t>()};
    });
}

result<adoption_report> adopt_restored(postgres::session& db, ownership fence) {
  return relabel(db).and_then([&](const relabelling& labels) {
    return db.run<adoption_report>(postgres::isolation::read_committed,
                                   [&](pqxx::dbtransaction& tx) {
                                     auto report = adopt(tx, labels);
                                     catalog::check_fence(tx, fence.epoch);
                                     return report;
                                   });
  });
}

} // namespace pgtrickle::engine
