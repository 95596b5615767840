#include "services/capture/staging.hpp"
#include "services/catalog/stream_table_store.hpp"
#include "services/engine/refresh.hpp"

#include <fmt/format.h>

namespace pgtrickle::engine {

namespace {

/// The most rows that one transaction deletes from a buffer.
constexpr int batch = 50000;

struct swept_source {
  oid table = 0;
  /// Changes of transactions before this one are consumed by all.
  std::string horizon;
};

/// Sources all of whose consumers are filled. One that is being filled has a
/// snapshot that nobody else can see: its sources are left alone until it is
/// done.
std::vector<swept_source> consumed_sources(pqxx::dbtransaction& tx) {
  std::vector<swept_source> result;
  for (const auto& row : tx.exec(
         "SELECT d.source_relid, "
         "min(pg_snapshot_xmin((t.frontier->>'snapshot')::pg_snapshot)::"
         "text::numeric) "
         "FROM pgtrickle.pgt_dependencies d JOIN "
         "pgtrickle.pgt_stream_tables t USING (pgt_id) "
         "WHERE d.source_type <> 'VIEW' AND t.refresh_mode <> 'IMMEDIATE' "
         "GROUP BY 1 "
         "HAVING bool_and(t.is_populated AND t.frontier IS NOT NULL)"))
    result.push_back({row[0].as<oid>(), row[1].as<std::string>()});
  return result;
}

} // namespace

result<std::int64_t> sweep_change_buffers(postgres::session& db,
                                          ownership fence) {
  using sources = std::vector<swept_source>;
  const auto swept
    = db.run<sources>(postgres::isolation::read_committed, consumed_sources);
  if (!swept)
    return tl::unexpected(swept.error());
  std::int64_t total = 0;
  for (const auto& source : *swept) {
    const auto statement
      = fmt::format("DELETE FROM {0} WHERE ctid IN (SELECT ctid FROM {0} "
                    "WHERE __xid < '{1}'::xid8 LIMIT {2})",
                    change_buffer(source.table), source.horizon, batch);
    // Whoever has passed a change needs no word of it either.
    const auto forget = fmt::format("DELETE FROM pgtrickle_changes.touched "
                                    "WHERE source = {} AND xid < '{}'::xid8",
                                    source.table, source.horizon);
    for (std::int64_t gone = batch; gone == batch; total += gone) {
      const auto deleted = db.run<std::int64_t>(
        postgres::isolation::read_committed, [&](pqxx::dbtransaction& tx) {
          const auto rows = tx.exec(statement);
          tx.exec(forget);
          catalog::check_fence(tx, fence.epoch);
          return static_cast<std::int64_t>(rows.affected_rows());
        });
      if (!deleted)
        return tl::unexpected(deleted.error());
      gone = *deleted;
    }
  }
  return total;
}

} // namespace pgtrickle::engine
