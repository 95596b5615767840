#include "services/engine/buffer_limit.hpp"

#include "services/catalog/alert_writer.hpp"
#include "services/catalog/stream_table_store.hpp"
#include "services/engine/buffer_part.hpp"

#include <fmt/format.h>

namespace pgtrickle::engine {

namespace {

/// A change buffer that has reached the share of the limit that is told.
struct large_buffer {
  oid source = 0;
  /// Of the source, as a message names it.
  std::string name;
  std::int64_t bytes = 0;
  std::int64_t limit = 0;
  std::vector<buffer_part> parts;
};

std::vector<large_buffer> find_large(pqxx::dbtransaction& tx) {
  std::vector<large_buffer> found;
  for (const auto& row : tx.exec(
         "SELECT source, source::regclass::text, part, name, bytes, most FROM "
         "(SELECT p.*, l.mb * 1048576 AS most, "
         "sum(p.total_size) OVER (PARTITION BY p.source)::bigint AS bytes "
         "FROM pgtrickle._rotating_parts() p, (SELECT coalesce(current_setting("
         "'pg_trickle.max_change_buffer_mb', true), '4096')::bigint) l (mb) "
         "WHERE l.mb > 0 AND p.source <> 0) s "
         "WHERE bytes > most * 0.8 AND rows_size > 0 ORDER BY 1, 3")) {
    const auto source = row[0].as<oid>();
    if (found.empty() || found.back().source != source)
      found.push_back({source,
                       row[1].as<std::string>(),
                       row[4].as<std::int64_t>(),
                       row[5].as<std::int64_t>(),
                       {}});
    found.back().parts.push_back(
      {source, row[2].as<int>(), row[3].as<std::string>()});
  }
  return found;
}

void tell(pqxx::dbtransaction& tx, alert event, const large_buffer& buffer,
          const std::vector<std::string>& laggards) {
  catalog::write_alert(tx, event, std::nullopt,
                       {{"source", buffer.name},
                        {"bytes", buffer.bytes},
                        {"limit_bytes", buffer.limit},
                        {"stream_tables", laggards}});
}

std::vector<std::string> names_in(const pqxx::result& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows)
    names.push_back(row[0].as<std::string>());
  return names;
}

void warn(pqxx::dbtransaction& tx, const large_buffer& buffer) {
  const auto told
    = tx.exec_params("SELECT FROM pgtrickle.pgt_alerts WHERE event = $1 AND "
                     "payload->>'source' = $2 AND created_at > "
                     "clock_timestamp() - interval '1 hour' LIMIT 1",
                     std::string{to_string(alert::buffer_growth)}, buffer.name);
  if (!told.empty())
    return;
  tell(tx, alert::buffer_growth, buffer,
       names_in(tx.exec_params(
         "SELECT DISTINCT format('%I.%I', s.pgt_schema, s.pgt_name) "
         "FROM pgtrickle._unconsumed_parts() u "
         "JOIN pgtrickle.pgt_stream_tables s USING (pgt_id) "
         "WHERE u.source = $1 ORDER BY 1",
         buffer.source)));
}

/// A refresh that reads these changes at this moment can't commit: the row of
/// its stream table is not the one that its snapshot holds.
bool drop_changes(pqxx::dbtransaction& tx, const large_buffer& buffer,
                  const buffer_part& part, ownership fence) {
  const auto laggards = names_in(tx.exec_params(
    "UPDATE pgtrickle.pgt_stream_tables s SET needs_reinit = true, "
    "reinit_reason = $3, updated_at = now() FROM (SELECT DISTINCT pgt_id FROM "
    "pgtrickle._unconsumed_parts() WHERE source = $1 AND part = $2) u "
    "WHERE s.pgt_id = u.pgt_id "
    "RETURNING format('%I.%I', s.pgt_schema, s.pgt_name)",
    part.source, part.number,
    fmt::format("the changes of {} outgrew pg_trickle.max_change_buffer_mb",
                buffer.name)));
  tx.exec_params("SELECT pgtrickle._changes_lost($1, $2)", part.source,
                 fmt::format("the changes of {} outgrew "
                             "pg_trickle.max_change_buffer_mb",
                             buffer.name));
  // Laggards would hold on to the announcements of rows that are gone.
  tx.exec_params(
    "DELETE FROM pgtrickle_changes.touched WHERE source = $1 AND part = $2",
    part.source, part.number);
  if (!laggards.empty()) {
    tell(tx, alert::change_buffer_dropped, buffer, laggards);
    tx.exec("NOTIFY pgtrickle_catalog");
  }
  catalog::check_fence(tx, fence.epoch);
  return true;
}

} // namespace

result<std::int64_t> enforce_buffer_limit(postgres::session& db,
                                          ownership fence) {
  using buffers = std::vector<large_buffer>;
  const auto large
    = db.run<buffers>(postgres::isolation::read_committed, find_large);
  if (!large)
    return tl::unexpected(large.error());
  std::int64_t total = 0;
  for (const auto& buffer : *large) {
    if (buffer.bytes <= buffer.limit) {
      const auto told
        = db.run<void>(postgres::isolation::read_committed,
                       [&](pqxx::dbtransaction& tx) { warn(tx, buffer); });
      if (!told)
        return tl::unexpected(told.error());
      continue;
    }
    for (const auto& part : buffer.parts) {
      const auto emptied = empty_part(db, part, [&](pqxx::dbtransaction& tx) {
        return drop_changes(tx, buffer, part, fence);
      });
      if (!emptied)
        return tl::unexpected(emptied.error());
      total += *emptied ? 1 : 0;
    }
  }
  return total;
}

} // namespace pgtrickle::engine
