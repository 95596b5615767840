#include "services/engine/source_changes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

namespace pgtrickle::engine {

namespace {

std::string tables_of(const refresh_program& program) {
  std::vector<oid> tables;
  for (const auto& source : program.sources)
    tables.push_back(source.table);
  return fmt::format("{{{}}}", fmt::join(tables, ","));
}

} // namespace

std::vector<source_changes> count_changes(pqxx::transaction_base& tx,
                                          const refresh_program& program,
                                          const frontier& since) {
  std::map<oid, source_changes> found;
  for (const auto& row : tx.exec_params(
         "SELECT source, part, rows, truncated, first_block, last_block "
         "FROM pgtrickle._changes_beyond($1::oid[], $2::pg_snapshot, $3::xid8)",
         tables_of(program), since.snapshot, since.own_xid)) {
    const auto source = row[0].as<oid>();
    found[source].count += row[2].as<std::int64_t>();
    found[source].truncated = found[source].truncated || row[3].as<bool>();
    if (!row[4].is_null())
      found[source].blocks.push_back({row[1].as<int>(),
                                      row[4].as<std::int64_t>(),
                                      row[5].as<std::int64_t>()});
  }
  std::vector<source_changes> changes;
  for (const auto& source : program.sources)
    changes.push_back(found[source.table]);
  return changes;
}

bool has_changes(pqxx::transaction_base& tx, const refresh_program& program,
                 const frontier& since) {
  return tx
    .exec_params1(
      "SELECT EXISTS (SELECT FROM pgtrickle._changes_beyond($1::oid[], "
      "$2::pg_snapshot, $3::xid8))",
      tables_of(program), since.snapshot, since.own_xid)[0]
    .as<bool>();
}

std::vector<double> estimated_rows(pqxx::transaction_base& tx,
                                   const refresh_program& program) {
  // a table that was never analysed has about 100 bytes a row
  tx.conn().prepare(
    "pgt_estimated_rows",
    "SELECT coalesce((SELECT sum(CASE WHEN c.reltuples < 0 "
    "THEN pg_relation_size(c.oid) / 100 ELSE c.reltuples END) "
    "FROM pgtrickle._hierarchy_of(s.id) m JOIN pg_class c ON c.oid = m), 0) "
    "FROM unnest($1::oid[]) WITH ORDINALITY s (id, at) ORDER BY s.at");
  std::vector<double> rows;
  for (const auto& row :
       tx.exec_prepared("pgt_estimated_rows", tables_of(program)))
    rows.push_back(row[0].as<double>());
  return rows;
}

} // namespace pgtrickle::engine
