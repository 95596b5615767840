#include "services/catalog/alert_writer.hpp"
#include "services/catalog/stream_table_store.hpp"
#include "services/differential/program_json.hpp"
#include "services/engine/stream_table_names.hpp"
#include "services/query/sql_text.hpp"
#include "services/snapshots/archive.hpp"
#include "services/snapshots/progress.hpp"
#include "services/snapshots/subject.hpp"
#include "services/snapshots/taking.hpp"

#include <fmt/format.h>

namespace pgtrickle::snapshots {

using postgres::abandoned;
using postgres::isolation;

namespace {

/// Before the transaction has a snapshot: what replaces or empties the table
/// waits until the copy is done, or was done before the snapshot. Refreshes
/// don't: their rows and their frontier are seen together or not at all.
void lock(pqxx::dbtransaction& tx, const subject& table) {
  tx.exec(fmt::format("LOCK TABLE {} IN ACCESS SHARE MODE", table.name));
  if (tx.exec_params1("SELECT $1::regclass::oid", table.name)[0].as<oid>()
      != table.relid)
    throw abandoned({errc::serialization_failure,
                     table.name + " was replaced while it was looked at",
                     {},
                     "Repeat the call."});
}

/// What of the header comes from the catalog.
struct facts {
  header contents;
  std::string plan_shape;
  /// Why the changes beyond can't be kept; empty: they can.
  std::string unpinned_reason;
};

facts read_facts(pqxx::dbtransaction& tx, const caller& by,
                 const subject& table, ownership fence) {
  const auto row = tx.exec_params1(
    "SELECT t.pgt_schema, t.pgt_name, pg_get_userbyid(c.relowner), "
    "t.original_query, t.original_search_path, t.defining_query, t.schedule, "
    "t.refresh_mode, t.is_populated, t.frontier, t.data_timestamp, "
    "to_jsonb(t) - 'program', coalesce(t.plan_shape, ''), t.needs_reinit, "
    "coalesce(t.reinit_reason, ''), clock_timestamp(), pgtrickle.version(), "
    "s.system_identifier, ('x' || substr(pg_walfile_name("
    "pg_current_wal_lsn()), 1, 8))::bit(32)::int, pg_current_wal_lsn(), "
    "current_database(), to_json(ARRAY(SELECT a.attname FROM pg_index i, "
    "unnest(i.indkey) WITH ORDINALITY k (attnum, at) JOIN pg_attribute a ON "
    "a.attrelid = c.oid AND a.attnum = k.attnum WHERE i.indrelid = c.oid AND "
    "i.indisprimary ORDER BY k.at)) "
    "FROM pgtrickle.pgt_stream_tables t JOIN pg_class c ON c.oid = "
    "t.pgt_relid, "
    "pg_control_system() s WHERE t.pgt_id = $1",
    static_cast<std::int64_t>(table.id));
  if (!row[8].as<bool>())
    throw abandoned({errc::wrong_state,
                     table.name + " was never filled",
                     {},
                     "Call pgtrickle.refresh_stream_table first."});
  facts found;
  auto& h = found.contents;
  h.schema = row[0].as<std::string>();
  h.name = row[1].as<std::string>();
  h.owner = row[2].as<std::string>();
  h.original_query = row[3].as<std::string>();
  h.original_search_path = row[4].as<std::string>();
  h.defining_query = row[5].as<std::string>();
  if (!row[6].is_null())
    h.schedule = row[6].as<std::string>();
  h.refresh_mode = row[7].as<std::string>();
  if (!row[9].is_null())
    h.frontier = nlohmann::json::parse(row[9].as<std::string>());
  h.data_timestamp = row[10].as<std::string>("");
  h.catalog_row = nlohmann::json::parse(row[11].as<std::string>());
  found.plan_shape = row[12].as<std::string>();
  if (row[13].as<bool>())
    found.unpinned_reason
      = "it waited to be re-initialised: " + row[14].as<std::string>();
  else if (h.frontier.is_null())
    found.unpinned_reason = "an IMMEDIATE stream table has no change history";
  h.created_at = row[15].as<std::string>();
  if (h.frontier.is_null())
    h.data_timestamp = h.created_at;
  h.extension_version = row[16].as<std::string>();
  h.taken_at
    = {row[17].as<std::string>(),
       static_cast<std::uint32_t>(row[18].as<std::int64_t>()),
       row[19].as<std::string>(), row[20].as<std::string>(), fence.epoch};
  for (const auto& one : nlohmann::json::parse(row[21].as<std::string>()))
    h.primary_key.push_back(one);
  h.creator = by.role;
  h.columns = columns_of(tx, table.relid);
  h.fingerprint = fingerprint(tx, h);
  return found;
}

/// A free name in schema pgtrickle: letters and digits of the stream table's
/// name, and the time to the microsecond. Names are cut by PostgreSQL at 63
/// bytes, so what is in the way is what stands before the time.
std::string automatic_name(pqxx::dbtransaction& tx, const header& of) {
  return tx
    .exec_params1(
      "SELECT 'pgtrickle.' || quote_ident(n.free) FROM (SELECT "
      "left('snapshot_' || lower(regexp_replace($1 || '_' || $2, "
      "'[^A-Za-z0-9_]', '_', 'g')), 63 - 25) || '_' || to_char($3::timestamptz "
      "AT TIME ZONE 'UTC', 'YYYYMMDD\"t\"HH24MISSUS\"z\"') AS name) b, "
      "LATERAL (SELECT b.name || CASE WHEN n = 0 THEN '' ELSE '_' || n END "
      "FROM generate_series(0, 9) n WHERE to_regclass(format("
      "'pgtrickle.%I', b.name || CASE WHEN n = 0 THEN '' ELSE '_' || n END)) "
      "IS NULL ORDER BY n LIMIT 1) n (free)",
      of.schema, of.name, of.created_at)[0]
    .as<std::string>();
}

std::string checked_target(pqxx::dbtransaction& tx, const caller& by,
                           const std::string& text) {
  const auto name = engine::parse_name(tx, by, text);
  const auto full
    = pgtrickle::quoted(name.schema) + "." + pgtrickle::quoted(name.name);
  const auto row = tx.exec_params1(
    "SELECT to_regnamespace($2) IS NOT NULL, to_regclass($1) IS NULL, "
    "coalesce(has_schema_privilege($3, to_regnamespace($2)::oid, 'CREATE'), "
    "false), octet_length($4) < 64",
    full, pgtrickle::quoted(name.schema), by.role, name.name);
  if (!row[0].as<bool>())
    throw abandoned(
      {errc::invalid_argument,
       "schema " + pgtrickle::quoted(name.schema) + " does not exist",
       {},
       "Create the schema first.",
       "3F000"});
  if (!row[3].as<bool>())
    throw abandoned(
      {errc::invalid_argument,
       "the name " + pgtrickle::quoted(name.name) + " is too long",
       {},
       "Use at most 63 bytes."});
  if (!row[1].as<bool>())
    throw abandoned({errc::snapshot_already_exists,
                     "relation " + full + " already exists",
                     {},
                     "Choose another name, or none: then one is made."});
  if (!row[2].as<bool>())
    throw abandoned(
      {errc::permission_denied,
       "permission denied for schema " + pgtrickle::quoted(name.schema),
       {},
       "Grant CREATE on the schema to " + pgtrickle::quoted(by.role) + "."});
  return full;
}

/// Makes the table and copies the rows. A daemon without superuser's rights
/// fails where a policy would hide some.
void fill_archive(pqxx::dbtransaction& tx, const subject& table,
                  archive& snapshot) {
  report(tx, stage::copying_rows, table.relid,
         tx.exec_params1("SELECT greatest(reltuples, 0)::bigint FROM pg_class "
                         "WHERE oid = $1",
                         table.relid)[0]
           .as<std::int64_t>());
  tx.exec("SET LOCAL row_security = off");
  tx.exec(fmt::format("CREATE TABLE {} AS TABLE {} WITH NO DATA", snapshot.name,
                      table.name));
  tx.exec(fmt::format("ALTER TABLE {} OWNER TO {}", snapshot.name,
                      pgtrickle::quoted(snapshot.contents.owner)));
  const auto made
    = tx.exec_params1("SELECT c.oid, pgtrickle._relation_name(c.oid) FROM "
                      "pg_class c WHERE c.oid = $1::regclass",
                      snapshot.name);
  snapshot.relid = made[0].as<oid>();
  snapshot.name = made[1].as<std::string>();
  const auto copied
    = copy_rows(tx, table.name, snapshot.contents.columns, snapshot.name);
  snapshot.contents.row_count = copied.row_count;
  snapshot.contents.content_hash = copied.content_hash;
}

/// Copies what the program keeps beside the rows.
void copy_arrangements(pqxx::dbtransaction& tx, const subject& table,
                       std::int64_t snapshot) {
  const auto program = program_from_json(catalog::program_of(tx, table.id));
  if (!program || program->state.empty())
    return;
  report(tx, stage::copying_arrangements, table.relid, 0);
  std::vector<std::string> copies;
  for (const auto& state : program->state) {
    copies.push_back(fmt::format("pgtrickle_state.snapshot_{}_arrangement_{}",
                                 snapshot, copies.size() + 1));
    tx.exec(fmt::format("CREATE TABLE {} AS TABLE {}", copies.back(), state));
  }
  tx.exec_params("UPDATE pgtrickle.pgt_snapshots SET arrangements = "
                 "$2::regclass[] WHERE snapshot_id = $1",
                 snapshot, "{" + joined(copies, ",") + "}");
}

/// How a snapshot is to be taken.
struct wish {
  std::optional<std::string> target;
  bool automatic = false;
};

std::string take_within(pqxx::dbtransaction& tx, const caller& by,
                        const subject& table, const wish& wanted,
                        ownership fence) {
  lock(tx, table);
  auto found = read_facts(tx, by, table, fence);
  archive snapshot;
  snapshot.contents = std::move(found.contents);
  snapshot.plan_shape = found.plan_shape;
  snapshot.name = wanted.target ? checked_target(tx, by, *wanted.target)
                                : automatic_name(tx, snapshot.contents);
  fill_archive(tx, table, snapshot);
  const auto id = record(tx, table.id, snapshot, found.unpinned_reason);
  copy_arrangements(tx, table, id);
  if (wanted.automatic)
    tx.exec_params("UPDATE pgtrickle.pgt_snapshots SET automatic = true WHERE "
                   "snapshot_id = $1",
                   id);
  catalog::write_alert(tx, alert::snapshot_created, table.id,
                       {{"stream_table", table.name},
                        {"pgt_id", static_cast<std::int64_t>(table.id)},
                        {"snapshot_table", snapshot.name},
                        {"automatic", wanted.automatic},
                        {"data_timestamp", snapshot.contents.data_timestamp}});
  catalog::check_fence(tx, fence.epoch);
  return snapshot.name;
}

result<std::string> take_as(postgres::session& db, const caller& by,
                            const std::string& name, const wish& wanted,
                            ownership fence) {
  const auto table = find_subject(db, by, name);
  if (!table)
    return tl::unexpected(table.error());
  return db.run<std::string>(
    isolation::repeatable_read, [&](pqxx::dbtransaction& tx) {
      return take_within(tx, by, *table, wanted, fence);
    });
}

} // namespace

result<std::string> take(postgres::session& db, const caller& by,
                         const std::string& name,
                         const std::optional<std::string>& target,
                         ownership fence) {
  return take_as(db, by, name, {target, false}, fence);
}

result<std::string> take_by_schedule(postgres::session& db, const caller& by,
                                     const std::string& name, ownership fence) {
  return take_as(db, by, name, {{}, true}, fence);
}

} // namespace pgtrickle::snapshots
