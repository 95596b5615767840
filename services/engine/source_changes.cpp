#include "services/engine/source_changes.hpp"

#include "services/query/sql_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pgtrickle::engine {

namespace {

std::string tables_of(const refresh_program& program) {
  std::vector<oid> tables;
  for (const auto& source : program.sources)
    tables.push_back(source.table);
  return fmt::format("{{{}}}", fmt::join(tables, ","));
}

/// Columns and FROM of a SELECT.
const std::string found_beyond
  = "q.at, c.source, c.part, c.rows, c.truncated, c.first_block, c.last_block "
    "FROM unnest($1::pg_snapshot[], $2::xid8[], $3::text[]) WITH ORDINALITY q "
    "(seen, own, sources, at), LATERAL pgtrickle._changes_beyond("
    "q.sources::oid[], q.seen, q.own) c";

/// A query as the parameters of `found_beyond`.
struct question {
  std::vector<frontier> frontiers;
  std::string snapshots;
  std::string own;
  std::string sources;

  explicit question(const change_query& query) {
    std::vector<std::string> each_snapshot;
    std::vector<std::string> each_own;
    std::vector<std::string> each_sources;
    for (const auto& [since, tables] : query) {
      frontiers.push_back(since);
      each_snapshot.push_back(array_element(since.snapshot));
      each_own.push_back(since.own_xid.value_or("NULL"));
      each_sources.push_back(
        array_element(fmt::format("{{{}}}", fmt::join(tables, ","))));
    }
    snapshots = "{" + joined(each_snapshot, ",") + "}";
    own = "{" + joined(each_own, ",") + "}";
    sources = "{" + joined(each_sources, ",") + "}";
  }

  [[nodiscard]] std::map<frontier, changes_by_source>
  answered(const pqxx::result& rows) const {
    std::map<frontier, changes_by_source> found;
    for (const auto& row : rows) {
      if (row[0].is_null())
        continue;
      auto& source
        = found[frontiers.at(row[0].as<std::size_t>() - 1)][row[1].as<oid>()];
      source.count += row[3].as<std::int64_t>();
      source.truncated = source.truncated || row[4].as<bool>();
      if (!row[5].is_null())
        source.blocks.push_back({row[2].as<int>(), row[5].as<std::int64_t>(),
                                 row[6].as<std::int64_t>()});
    }
    return found;
  }
};

} // namespace

std::set<oid> sources_of(const refresh_program& program) {
  std::set<oid> tables;
  for (const auto& source : program.sources)
    tables.insert(source.table);
  return tables;
}

std::map<frontier, changes_by_source>
changes_beyond(pqxx::transaction_base& tx, const change_query& query) {
  const question asked{query};
  tx.conn().prepare("pgt_changes_beyond", "SELECT " + found_beyond);
  return asked.answered(tx.exec_prepared("pgt_changes_beyond", asked.snapshots,
                                         asked.own, asked.sources));
}

begun_refresh begin_refresh(pqxx::transaction_base& tx,
                            const change_query& query, bool durable) {
  const question asked{query};
  tx.conn().prepare(
    "pgt_begin_refresh",
    "WITH b AS MATERIALIZED (SELECT pg_current_snapshot(), clock_timestamp(), "
    "pg_current_wal_lsn(), set_config('pg_trickle.internal_refresh', 'on', "
    "true), set_config('synchronous_commit', CASE WHEN $4 THEN "
    "current_setting('synchronous_commit') ELSE 'off' END, true)) "
    "SELECT c.*, b.* FROM b LEFT JOIN (SELECT "
      + found_beyond + ") c ON true");
  const auto rows = tx.exec_prepared("pgt_begin_refresh", asked.snapshots,
                                     asked.own, asked.sources, durable);
  const auto& first = rows.at(0);
  const auto own = first.size() - 5;
  return {first[own].as<std::string>(), first[own + 1].as<std::string>(),
          first[own + 2].as<std::string>(), asked.answered(rows)};
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
