#include "services/observation/change_gate.hpp"

namespace pgtrickle::observation {

namespace {

// Visible by this statement's snapshot and not by the one before.
constexpr auto touched_since
  = "SELECT pg_current_snapshot()::text, NULL::oid"
    " UNION ALL"
    " SELECT NULL, source"
    " FROM pgtrickle._touched_since($1::pg_snapshot) AS news (source)";

} // namespace

result<std::vector<oid>> change_gate::look(postgres::session& db) {
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
      return sources;
    });
}

} // namespace pgtrickle::observation
