#include "services/snapshots/archive.hpp"

#include "services/catalog/alert_writer.hpp"
#include "services/engine/stream_table_names.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pgtrickle::snapshots {

using postgres::abandoned;

namespace {

constexpr const char* lists_them
  = "SELECT snapshot_table FROM pgtrickle.list_snapshots() lists them.";

/// A registered snapshot by its table, or by its name if the table is gone.
pqxx::result registered(pqxx::dbtransaction& tx, oid relid,
                        const std::string& name) {
  return tx.exec_params(
    "SELECT s.snapshot_id, s.header, coalesce(s.plan_shape, ''), "
    "to_json(s.arrangements::text[]), format('%I.%I', s.snapshot_schema, "
    "s.snapshot_table), s.frontier FROM pgtrickle.pgt_snapshots s "
    "WHERE CASE WHEN $1::oid <> 0 THEN s.snapshot_relid = $1 "
    "ELSE parse_ident($2) IN (ARRAY[s.snapshot_schema, s.snapshot_table], "
    "ARRAY[s.snapshot_table]) AND NOT EXISTS (SELECT FROM pg_class WHERE oid = "
    "s.snapshot_relid) END ORDER BY s.snapshot_id LIMIT 1",
    relid, name);
}

void check_may_read(pqxx::dbtransaction& tx, const caller& by,
                    const archive& snapshot) {
  if (!tx.exec_params1("SELECT has_table_privilege($1, $2::oid, 'SELECT')",
                       by.role, snapshot.relid)[0]
         .as<bool>())
    throw abandoned({errc::permission_denied,
                     "permission denied for snapshot " + snapshot.name,
                     {},
                     "Ask its owner for SELECT on it."});
}

std::string select_all(const std::string& table,
                       const std::vector<column>& columns) {
  std::vector<std::string> names;
  for (const auto& one : columns)
    names.push_back(pgtrickle::quoted(one.name));
  return fmt::format("SELECT {} FROM {}", joined(names), table);
}

/// Before its rows are read: they are to be stored ones. A view would run its
/// owner's functions with the daemon's rights. What is looked up here is as the
/// catalog is now, and stays so until the transaction ends.
void hold_stored_rows(pqxx::dbtransaction& tx, const archive& snapshot) {
  tx.exec("LOCK TABLE " + snapshot.name + " IN ACCESS SHARE MODE");
  if (!tx.exec_params1("SELECT $1::regclass = $2::oid AND "
                       "pg_relation_filenode($2::oid) IS NOT NULL",
                       snapshot.name, snapshot.relid)[0]
         .as<bool>())
    throw abandoned({errc::snapshot_source_not_found,
                     snapshot.name + " is not a table",
                     {},
                     lists_them});
}

std::string altered_columns(pqxx::dbtransaction& tx, const archive& snapshot) {
  const auto differs
    = difference(snapshot.contents.columns, columns_of(tx, snapshot.relid));
  return differs.empty() ? "" : "its columns were altered: " + differs;
}

std::string difference(const header& expected, const verification& counted) {
  if (counted.row_count != expected.row_count)
    return fmt::format("{} rows were copied, {} are there", expected.row_count,
                       counted.row_count);
  if (counted.content_hash != expected.content_hash)
    return fmt::format("the rows' hash was {} and is {}", expected.content_hash,
                       counted.content_hash);
  return {};
}

void throw_if_corrupt(const archive& snapshot, const std::string& detail) {
  if (!detail.empty())
    throw abandoned({errc::snapshot_corrupt,
                     "the rows of snapshot " + snapshot.name
                       + " are not those that were copied",
                     detail,
                     "Restore another snapshot; pgtrickle.verify_snapshot() "
                     "tells which are whole."});
}

} // namespace

archive find(pqxx::dbtransaction& tx, const caller& by,
             const std::string& name) {
  archive found;
  found.relid = engine::relation_named(tx, by, name);
  const auto rows = registered(tx, found.relid, name);
  if (found.relid == 0 && rows.empty())
    throw abandoned({errc::snapshot_source_not_found,
                     "snapshot \"" + name + "\" does not exist",
                     {},
                     lists_them});
  if (found.relid != 0) {
    found.name
      = tx.exec_params1("SELECT pgtrickle._relation_name($1)", found.relid)[0]
          .as<std::string>();
    check_may_read(tx, by, found);
  }
  if (rows.empty()) {
    const auto comment
      = tx.exec_params1("SELECT obj_description($1, 'pg_class')",
                        found.relid)[0]
          .as<std::string>("");
    auto read = header_from_json(comment);
    if (!read) {
      read.error().message
        = found.name + " is not a snapshot: " + read.error().message;
      read.error().hint = lists_them;
      throw abandoned(read.error());
    }
    found.contents = std::move(*read);
    return found;
  }
  found.id = rows[0][0].as<std::int64_t>();
  found.contents
    = postgres::value_of(header_from_json(rows[0][1].as<std::string>()));
  found.plan_shape = rows[0][2].as<std::string>();
  found.arrangements = nlohmann::json::parse(rows[0][3].as<std::string>())
                         .get<std::vector<std::string>>();
  found.frontier = rows[0][5].as<std::string>("");
  if (found.relid == 0)
    found.name = rows[0][4].as<std::string>();
  return found;
}

void check_may_drop(pqxx::dbtransaction& tx, const caller& by,
                    const archive& snapshot) {
  if (snapshot.relid != 0)
    return engine::check_owner(tx, by, snapshot.relid, snapshot.name);
  if (!tx.exec_params1(
           "SELECT coalesce((SELECT pg_has_role($1, oid, 'USAGE') FROM "
           "pg_roles WHERE rolname = $2), (SELECT rolsuper FROM pg_roles WHERE "
           "rolname = $1))",
           by.role, snapshot.contents.owner)[0]
         .as<bool>())
    throw abandoned({errc::permission_denied,
                     "must be owner of snapshot " + snapshot.name,
                     {},
                     "Ask the owner, or SET ROLE to it."});
}

std::vector<column> columns_of(pqxx::dbtransaction& tx, oid relation) {
  std::vector<column> columns;
  for (const auto& row :
       tx.exec_params("SELECT name, type, collation_name FROM "
                      "pgtrickle._columns_of($1) ORDER BY attnum",
                      relation))
    columns.push_back({row[0].as<std::string>(), row[1].as<std::string>(),
                       row[2].as<std::string>("")});
  return columns;
}

std::string fingerprint(pqxx::dbtransaction& tx, const header& of) {
  auto text = of.defining_query;
  for (const auto& one : of.columns)
    text += fmt::format("\n{} {} {}", pgtrickle::quoted(one.name), one.type,
                        one.collation);
  return tx
    .exec_params1(
      "SELECT left(encode(sha256(convert_to($1, 'UTF8')), 'hex'), 32)", text)[0]
    .as<std::string>();
}

verification copy_rows(pqxx::dbtransaction& tx, const std::string& table,
                       const std::vector<column>& columns,
                       const std::string& target) {
  const auto row = tx.exec_params1("SELECT row_count, content_hash FROM "
                                   "pgtrickle._copy_rows($1, $2::regclass)",
                                   select_all(table, columns), target);
  return {row[0].as<std::int64_t>(), row[1].as<std::string>(), {}};
}

verification verified(pqxx::dbtransaction& tx, const archive& snapshot) {
  hold_stored_rows(tx, snapshot);
  const auto row = tx.exec1(fmt::format(
    "SELECT count(*), pgtrickle.content_hash(t.*) FROM {} t", snapshot.name));
  verification counted{row[0].as<std::int64_t>(), row[1].as<std::string>(), {}};
  counted.detail = altered_columns(tx, snapshot);
  if (counted.detail.empty())
    counted.detail = difference(snapshot.contents, counted);
  return counted;
}

void check_rows(pqxx::dbtransaction& tx, const archive& snapshot) {
  throw_if_corrupt(snapshot, verified(tx, snapshot).detail);
}

void copy_checked_rows(pqxx::dbtransaction& tx, const archive& snapshot,
                       const std::string& target) {
  hold_stored_rows(tx, snapshot);
  throw_if_corrupt(snapshot, altered_columns(tx, snapshot));
  const auto copied
    = copy_rows(tx, snapshot.name, snapshot.contents.columns, target);
  throw_if_corrupt(snapshot, difference(snapshot.contents, copied));
}

std::int64_t record(pqxx::dbtransaction& tx, stream_table_id of,
                    const archive& snapshot,
                    const std::string& unpinned_reason) {
  const auto& h = snapshot.contents;
  const auto header = to_json(h).dump();
  tx.exec(
    fmt::format("COMMENT ON TABLE {} IS {}", snapshot.name, literal(header)));
  const auto id
    = tx.exec_params1(
          "INSERT INTO pgtrickle.pgt_snapshots (pgt_id, snapshot_relid, "
          "snapshot_schema, snapshot_table, stream_schema, stream_table, "
          "header, created_at, frontier, plan_shape, unpinned_reason) "
          "SELECT $1, c.oid, n.nspname, c.relname, $3, $4, $5::jsonb, "
          "$6::timestamptz, nullif($7::jsonb, 'null'), nullif($8, ''), "
          "nullif($9, '') FROM pg_class c JOIN pg_namespace n ON n.oid = "
          "c.relnamespace WHERE c.oid = $2 RETURNING snapshot_id",
          static_cast<std::int64_t>(of), snapshot.relid, h.schema, h.name,
          header, h.created_at, h.frontier.dump(), snapshot.plan_shape,
          unpinned_reason)[0]
        .as<std::int64_t>();
  if (unpinned_reason.empty())
    tx.exec_params(
      "INSERT INTO pgtrickle.pgt_snapshot_sources SELECT $1, d.source_relid, "
      "d.columns_used, pgtrickle._buffer_of(d.source_relid, d.columns_used) "
      "FROM pgtrickle.pgt_dependencies d WHERE d.pgt_id = $2 AND "
      "d.source_type <> 'VIEW'",
      id, static_cast<std::int64_t>(of));
  return id;
}

archive find_kept(pqxx::dbtransaction& tx, const caller& by,
                  const std::string& name) {
  auto found = find(tx, by, name);
  if (found.relid == 0)
    throw abandoned(
      {errc::snapshot_source_not_found,
       "the table of snapshot " + found.name + " was dropped",
       {},
       "SELECT * FROM pgtrickle.list_snapshots() lists those that are left."});
  return found;
}

void tell_restored(pqxx::dbtransaction& tx,
                   const catalog::stored_stream_table& table,
                   const archive& from, const std::string& reason) {
  catalog::write_alert(tx, alert::snapshot_restored, table.id,
                       {{"stream_table", table.name},
                        {"pgt_id", static_cast<std::int64_t>(table.id)},
                        {"snapshot_table", from.name},
                        {"data_timestamp", from.contents.data_timestamp},
                        {"reason", reason}});
}

} // namespace pgtrickle::snapshots
