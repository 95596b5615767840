#include "services/observation/change_gate.hpp"

#include "services/catalog/stream_table_store.hpp"

namespace pgtrickle::observation {

namespace {

// Visible by this statement's snapshot and not by the one before: both arms
// go by the index on xid.
/// Looks that found something, times the sources they found: the table holds a
/// row for each writing statement, of which a look reads each source once.
constexpr std::size_t rows_between_sweeps = 20;

constexpr auto sweep = "DELETE FROM pgtrickle_changes.touched"
                       " WHERE xid < pg_snapshot_xmin($1::pg_snapshot)";

constexpr auto touched_since
  = "WITH news AS ("
    " SELECT source FROM pgtrickle_changes.touched"
    "  WHERE xid >= pg_snapshot_xmax($1::pg_snapshot)"
    " UNION"
    " SELECT t.source FROM pg_snapshot_xip($1::pg_snapshot) AS open (xid)"
    "  JOIN pgtrickle_changes.touched t ON t.xid = open.xid)"
    " SELECT pg_current_snapshot()::text, NULL::oid"
    " UNION ALL SELECT NULL, source FROM news";

} // namespace

result<std::vector<oid>> change_gate::look(postgres::session& db,
                                           ownership fence) {
  auto current = db.exec("SELECT pg_current_snapshot()::text");
  if (!current)
    return tl::unexpected(std::move(current.error()));
  auto snapshot = (*current)[0][0].as<std::string>();
  if (snapshot == last_snapshot_)
    return std::vector<oid>{};
  if (last_snapshot_.empty()) {
    last_snapshot_ = std::move(snapshot);
    return std::vector<oid>{};
  }
  return db.run<std::vector<oid>>(
    postgres::isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      std::vector<oid> sources;
      for (const auto& row : tx.exec_params(touched_since, last_snapshot_))
        if (row[0].is_null())
          sources.push_back(row[1].as<oid>());
        else
          last_snapshot_ = row[0].as<std::string>();
      read_since_sweep_ += sources.size();
      if (read_since_sweep_ >= rows_between_sweeps) {
        tx.exec_params(sweep, last_snapshot_);
        catalog::check_fence(tx, fence.epoch);
        read_since_sweep_ = 0;
      }
      return sources;
    });
}

} // namespace pgtrickle::observation
