#include "services/engine/stream_table_names.hpp"

#include "services/catalog/stream_table_store.hpp"
#include "services/postgres/session.hpp"
#include "services/query/sql_text.hpp"

namespace pgtrickle::engine {

std::string search_path_of(const caller& by) {
  auto path = by.search_path.empty() ? "pg_catalog" : by.search_path;
  constexpr std::string_view user = "\"$user\"";
  if (const auto at = path.find(user); at != std::string::npos)
    path.replace(at, user.size(), quoted(by.role));
  return path;
}

void read_names_as(pqxx::dbtransaction& tx, const caller& by) {
  tx.exec_params("SELECT pg_catalog.set_config('search_path', $1, true)",
                 search_path_of(by));
}

qualified_name parse_name(pqxx::dbtransaction& tx, const caller& by,
                          const std::string& text) {
  read_names_as(tx, by);
  const auto row = tx.exec_params1("SELECT p[1], p[2], cardinality(p), "
                                   "current_schema() FROM parse_ident($1) p",
                                   text);
  if (row[2].as<int>() > 2)
    throw postgres::abandoned({errc::invalid_argument,
                               "\"" + text + "\" is not a table name",
                               {},
                               "Write schema.name or name."});
  if (row[2].as<int>() == 2)
    return {row[0].as<std::string>(), row[1].as<std::string>()};
  if (row[3].is_null())
    throw postgres::abandoned({errc::invalid_argument,
                               "no schema to create " + text + " in",
                               {},
                               "Set search_path, or write schema.name."});
  return {row[3].as<std::string>(), row[0].as<std::string>()};
}

stream_table_id resolve(pqxx::dbtransaction& tx, const caller& by,
                        const std::string& text) {
  read_names_as(tx, by);
  const auto relid
    = tx.exec_params1("SELECT coalesce(to_regclass($1)::oid, 0)", text)[0]
        .as<oid>();
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
  const bool allowed
    = tx.exec_params1("SELECT pg_has_role($1, relowner, 'USAGE') FROM pg_class "
                      "WHERE oid = $2",
                      by.role, relid)[0]
        .as<bool>();
  if (!allowed)
    throw postgres::abandoned({errc::permission_denied,
                               "must be owner of stream table " + name,
                               {},
                               "Ask the owner, or SET ROLE to it."});
}

} // namespace pgtrickle::engine
