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

} // namespace

std::set<oid> sources_of(const refresh_program& program) {
  std::set<oid> tables;
  for (const auto& source : program.sources)
    tables.insert(source.table);
  return tables;
}

std::map<frontier, changes_by_source>
changes_beyond(pqxx::transaction_base& tx, const change_query& query) {
  std::vector<std::string> snapshots;
  std::vector<std::string> own;
  std::vector<std::string> sources;
  std::vector<frontier> frontiers;
  for (const auto& [since, tables] : query) {
    frontiers.push_back(since);
    snapshots.push_back(array_element(since.snapshot));
    own.push_back(since.own_xid.value_or("NULL"));
    sources.push_back(
      array_element(fmt::format("{{{}}}", fmt::join(tables, ","))));
  }
  tx.conn().prepare(
    "pgt_changes_beyond",
    "SELECT q.at, c.source, c.part, c.rows, c.truncated, c.first_block, "
    "c.last_block FROM unnest($1::pg_snapshot[], $2::xid8[], $3::text[]) WITH "
    "ORDINALITY q (seen, own, sources, at), LATERAL "
    "pgtrickle._changes_beyond(q.sources::oid[], q.seen, q.own) c");
  const auto array = [](const std::vector<std::string>& elements) {
    return "{" + joined(elements, ",") + "}";
  };
  std::map<frontier, changes_by_source> found;
  for (const auto& row : tx.exec_prepared(
         "pgt_changes_beyond", array(snapshots), array(own), array(sources))) {
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
