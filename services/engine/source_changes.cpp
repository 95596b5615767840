#include "services/engine/source_changes.hpp"

#include "services/capture/staging.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pgtrickle::engine {

std::vector<source_changes> count_changes(pqxx::transaction_base& tx,
                                          const refresh_program& program,
                                          const frontier& since) {
  std::vector<std::string> queries;
  for (std::size_t i = 0; i < program.sources.size(); ++i)
    queries.push_back(
      fmt::format("SELECT {} AS at, * FROM ({}) x", i,
                  pgtrickle::count_changes(program.sources[i].table, since)));
  std::vector<source_changes> changes(program.sources.size());
  if (queries.empty())
    return changes;
  for (const auto& row : tx.exec(joined(queries, " UNION ALL ")))
    changes[row[0].as<std::size_t>()]
      = {row[1].as<std::int64_t>(), row[2].as<bool>()};
  return changes;
}

bool has_changes(pqxx::transaction_base& tx, const refresh_program& program,
                 const frontier& since) {
  std::vector<std::string> queries;
  for (const auto& source : program.sources)
    queries.push_back("(" + any_changes(source.table, since) + ")");
  return !queries.empty()
         && tx.exec1("SELECT " + joined(queries, " OR "))[0].as<bool>();
}

std::vector<double> estimated_rows(pqxx::transaction_base& tx,
                                   const refresh_program& program) {
  std::vector<oid> tables;
  for (const auto& source : program.sources)
    tables.push_back(source.table);
  // a table that was never analysed has about 100 bytes a row
  tx.conn().prepare(
    "pgt_estimated_rows",
    "SELECT coalesce((SELECT sum(CASE WHEN c.reltuples < 0 "
    "THEN pg_relation_size(c.oid) / 100 ELSE c.reltuples END) "
    "FROM pgtrickle._hierarchy_of(s.id) m JOIN pg_class c ON c.oid = m), 0) "
    "FROM unnest($1::oid[]) WITH ORDINALITY s (id, at) ORDER BY s.at");
  std::vector<double> rows;
  for (const auto& row : tx.exec_prepared(
         "pgt_estimated_rows", fmt::format("{{{}}}", fmt::join(tables, ","))))
    rows.push_back(row[0].as<double>());
  return rows;
}

} // namespace pgtrickle::engine
