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

double estimated_rows(pqxx::transaction_base& tx,
                      const refresh_program& program) {
  std::vector<oid> tables;
  for (const auto& source : program.sources)
    tables.push_back(source.table);
  return tx
    .exec_params1(
      // a table that was never analysed has about 100 bytes a row
      "SELECT coalesce(sum(CASE WHEN c.reltuples < 0 "
      "THEN pg_relation_size(c.oid) / 100 ELSE c.reltuples END), 0) "
      "FROM pg_class c, unnest($1::oid[]) s "
      "CROSS JOIN LATERAL pgtrickle._hierarchy_of(s) m WHERE c.oid = m",
      fmt::format("{{{}}}", fmt::join(tables, ",")))[0]
    .as<double>();
}

} // namespace pgtrickle::engine
