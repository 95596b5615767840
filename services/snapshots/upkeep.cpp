// Verifying, adopting and dropping snapshots.

#include "services/catalog/stream_table_store.hpp"
#include "services/engine/stream_table_names.hpp"
#include "services/query/sql_text.hpp"
#include "services/snapshots/archive.hpp"
#include "services/snapshots/progress.hpp"

#include <fmt/format.h>

namespace pgtrickle::snapshots {

using postgres::abandoned;
using postgres::isolation;

namespace {

/// The id of the stream table that has the snapshot's name today; 0: none has.
stream_table_id namesake(pqxx::dbtransaction& tx, const header& of) {
  const auto rows
    = tx.exec_params("SELECT pgt_id FROM pgtrickle.pgt_stream_tables WHERE "
                     "(pgt_schema, pgt_name) = ($1, $2)",
                     of.schema, of.name);
  return stream_table_id{rows.empty() ? 0 : rows[0][0].as<std::int64_t>()};
}

/// Why a restore can't go on from a snapshot that came here as a mere table.
std::string foreign_because(pqxx::dbtransaction& tx, const header& of) {
  const bool same
    = tx.exec_params1("SELECT system_identifier::text = $1 AND "
                      "current_database() = $2 FROM pg_control_system()",
                      of.taken_at.system_identifier, of.taken_at.database)[0]
        .as<bool>();
  return same ? "the changes after it were not kept"
              : fmt::format("it was taken in another cluster or database ({} "
                            "of system {}), whose changes are not here",
                            pgtrickle::quoted(of.taken_at.database),
                            of.taken_at.system_identifier);
}

void drop_within(pqxx::dbtransaction& tx, const archive& snapshot) {
  if (snapshot.relid != 0)
    tx.exec("DROP TABLE " + snapshot.name);
  for (const auto& copy : snapshot.arrangements)
    tx.exec("DROP TABLE IF EXISTS " + copy);
  const auto sources = tx.exec_params(
    "WITH gone AS (DELETE FROM pgtrickle.pgt_snapshot_sources WHERE "
    "snapshot_id = $1 RETURNING source_relid) SELECT source_relid FROM gone "
    "ORDER BY 1",
    *snapshot.id);
  tx.exec_params("DELETE FROM pgtrickle.pgt_snapshots WHERE snapshot_id = $1",
                 *snapshot.id);
  for (const auto& row : sources)
    tx.exec_params("SELECT pgtrickle._release_capture($1)", row[0].as<oid>());
}

} // namespace

result<void> drop(postgres::session& db, const caller& by,
                  const std::string& snapshot, ownership fence) {
  return db.run<void>(isolation::read_committed, [&](pqxx::dbtransaction& tx) {
    const auto found = find(tx, by, snapshot);
    if (!found.id)
      throw abandoned({errc::snapshot_source_not_found,
                       found.name + " is not a registered snapshot",
                       {},
                       "DROP TABLE drops it."});
    check_may_drop(tx, by, found);
    drop_within(tx, found);
    catalog::check_fence(tx, fence.epoch);
  });
}

result<verification> verify(postgres::session& db, const caller& by,
                            const std::string& snapshot) {
  return db.run<verification>(
    isolation::repeatable_read, [&](pqxx::dbtransaction& tx) {
      const auto found = find(tx, by, snapshot);
      if (found.relid == 0)
        throw abandoned({errc::snapshot_source_not_found,
                         "the table of snapshot " + found.name + " was dropped",
                         {},
                         "pgtrickle.drop_snapshot() removes what is left."});
      report(tx, stage::verifying, found.relid, found.contents.row_count);
      return verified(tx, found);
    });
}

result<std::string> adopt(postgres::session& db, const caller& by,
                          const std::string& table, ownership fence) {
  return db.run<std::string>(
    isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      const auto found = find(tx, by, table);
      if (found.id)
        throw abandoned({errc::snapshot_already_exists,
                         found.name + " is registered already",
                         {},
                         "Nothing is to be done."});
      engine::check_owner(tx, by, found.relid, found.name);
      report(tx, stage::verifying, found.relid, found.contents.row_count);
      check_rows(tx, found);
      record(tx, namesake(tx, found.contents), found,
             foreign_because(tx, found.contents));
      catalog::check_fence(tx, fence.epoch);
      return found.name;
    });
}

} // namespace pgtrickle::snapshots
