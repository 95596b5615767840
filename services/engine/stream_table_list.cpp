// Stream tables as the catalog has them.

#include "services/catalog/stream_table_store.hpp"
#include "services/engine/registration.hpp"
#include "services/engine/stream_table_names.hpp"

#include <algorithm>

namespace pgtrickle::engine {

using postgres::isolation;
using postgres::session;

result<stream_table_entry> find_owned(session& db, const caller& by,
                                      const std::string& name) {
  auto id = db.run<stream_table_id>(
    isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      const auto found = resolve(tx, by, name);
      const auto table = catalog::load(tx, {found}).at(found);
      check_owner(tx, by, table.relid, table.name);
      return found;
    });
  if (!id)
    return tl::unexpected(id.error());
  auto all = stream_tables(db);
  if (!all)
    return tl::unexpected(all.error());
  const auto entry
    = std::ranges::find(all->tables, *id, &stream_table_entry::id);
  if (entry == all->tables.end())
    return fail(errc::stream_table_not_found,
                "stream table \"" + name + "\" was dropped");
  return *entry;
}

result<stream_table_listing> stream_tables(session& db) {
  return db.run<stream_table_listing>(
    isolation::repeatable_read, [](pqxx::dbtransaction& tx) {
      stream_table_listing result;
      const auto moment = tx.exec1("SELECT pg_snapshot_xmax(s)::text::bigint, "
                                   "-(SELECT count(*) FROM pg_snapshot_xip(s)) "
                                   "FROM pg_current_snapshot() s");
      result.read_at
        = {moment[0].as<std::int64_t>(), moment[1].as<std::int64_t>()};
      for (const auto& row : tx.exec(
             "SELECT t.*, format('%I.%I', t.pgt_schema, t.pgt_name) AS name, "
             "(extract(epoch FROM clock_timestamp() - data_timestamp) * "
             "1000)::bigint AS age, "
             "(SELECT string_agg(source_relid::text, ' ') FROM "
             "pgtrickle.pgt_dependencies d "
             "WHERE d.pgt_id = t.pgt_id AND source_type <> 'VIEW') AS sources "
             "FROM pgtrickle.pgt_stream_tables t ORDER BY pgt_id")) {
        stream_table_entry entry;
        entry.id = stream_table_id{row["pgt_id"].as<std::int64_t>()};
        entry.relid = row["pgt_relid"].as<oid>();
        entry.name = row["name"].as<std::string>();
        if (!row["schedule"].is_null())
          entry.schedule = row["schedule"].as<std::string>();
        entry.refresh_mode = row["refresh_mode"].as<std::string>();
        entry.status = row["status"].as<std::string>();
        entry.is_populated = row["is_populated"].as<bool>();
        entry.needs_reinit = row["needs_reinit"].as<bool>();
        entry.time_dependent = row["time_dependent"].as<bool>();
        entry.consecutive_errors = row["consecutive_errors"].as<int>();
        entry.serial = row["ddl_serial"].as<std::int64_t>();
        if (!row["freshness_deadline_ms"].is_null())
          entry.target_lag = std::chrono::milliseconds{
            row["freshness_deadline_ms"].as<std::int64_t>()};
        if (!row["age"].is_null())
          entry.age = std::chrono::milliseconds{row["age"].as<std::int64_t>()};
        const auto sources = row["sources"].as<std::string>("");
        for (std::size_t at = 0; at < sources.size();) {
          std::size_t used = 0;
          entry.sources.push_back(
            static_cast<oid>(std::stoul(sources.substr(at), &used)));
          at += used + 1;
        }
        result.tables.push_back(std::move(entry));
      }
      return result;
    });
}

} // namespace pgtrickle::engine
