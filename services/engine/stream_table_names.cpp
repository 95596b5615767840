#include "services/engine/stream_table_names.hpp"

#include "services/catalog/stream_table_store.hpp"
#include "services/postgres/session.hpp"
#include "services/query/sql_text.hpp"

namespace pgtrickle::engine {

namespace {

void set_search_path(pqxx::dbtransaction& tx, const std::string& path) {
  tx.exec_params("SELECT pg_catalog.set_config('search_path', $1, true)", path);
}

/// Selects `values` under the caller's search_path. What is meant to be
/// PostgreSQL's own is to be qualified: his schemas may hold something of the
/// same name, and the daemon would run it with its own rights.
pqxx::row looked_up(pqxx::dbtransaction& tx, const caller& by,
                    const std::string& values, const std::string& text) {
  set_search_path(tx, search_path_of(by));
  auto row = tx.exec_params1("SELECT " + values, text);
  set_search_path(tx, "pg_catalog");
  return row;
}

} // namespace

std::string search_path_of(const caller& by) {
  auto path = by.search_path.empty() ? "pg_catalog" : by.search_path;
  constexpr std::string_view user = "\"$user\"";
  if (const auto at = path.find(user); at != std::string::npos)
    path.replace(at, user.size(), quoted(by.role));
  return path;
}

qualified_name parse_name(pqxx::dbtransaction& tx, const caller& by,
                          const std::string& text) {
  const auto row = tx.exec_params1(
    "SELECT p[1], p[2], cardinality(p) FROM parse_ident($1) p", text);
  if (row[2].as<int>() > 2)
    throw postgres::abandoned({errc::invalid_argument,
                               "\"" + text + "\" is not a table name",
                               {},
                               "Write schema.name or name."});
  if (row[2].as<int>() == 2)
    return {row[0].as<std::string>(), row[1].as<std::string>()};
  const auto schema
    = looked_up(tx, by, "$1, pg_catalog.current_schema()", text)[1];
  if (schema.is_null())
    throw postgres::abandoned({errc::invalid_argument,
                               "no schema to create " + text + " in",
                               {},
                               "Set search_path, or write schema.name."});
  return {schema.as<std::string>(), row[0].as<std::string>()};
}

oid relation_named(pqxx::dbtransaction& tx, const caller& by,
                   const std::string& text) {
  return looked_up(tx, by, "pg_catalog.to_regclass($1)::pg_catalog.oid",
                   text)[0]
    .as<oid>(0);
}

stream_table_id resolve(pqxx::dbtransaction& tx, const caller& by,
                        const std::string& text) {
  const auto relid = relation_named(tx, by, text);
  const auto id = catalog::find_by_relation(tx, relid);
  if (!id)
    throw postgres::abandoned(
      {errc::stream_table_not_found,
       relid == 0 ? "relation \"" + text + "\" does not exist"
                  : "\"" + text + "\" is not a stream table",
       {},
       "SELECT name FROM pgtrickle.pgt_status() lists the stream tables."});
  return *id;
}

void check_owner(pqxx::dbtransaction& tx, const caller& by, oid relid,
                 const std::string& name) {
  const auto found
    = tx.exec_params("SELECT pg_has_role($1, relowner, 'USAGE') FROM pg_class "
                     "WHERE oid = $2",
                     by.role, relid);
  if (found.empty())
    throw postgres::abandoned(
      {errc::stream_table_not_found,
       "stream table " + name + " was dropped meanwhile",
       {},
       "SELECT name FROM pgtrickle.pgt_status() lists the stream tables."});
  if (!found[0][0].as<bool>())
    throw postgres::abandoned({errc::permission_denied,
                               "must be owner of stream table " + name,
                               {},
                               "Ask the owner, or SET ROLE to it."});
}

} // namespace pgtrickle::engine
