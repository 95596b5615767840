#include "services/catalog/query_view.hpp"

#include "services/catalog/query_analysis.hpp"
#include "services/postgres/session.hpp"
#include "services/query/parse_tree.hpp"
#include "services/query/unread_outputs.hpp"

namespace pgtrickle::catalog {

namespace {

constexpr const char* name = "__pgt_query";

void set_search_path(pqxx::dbtransaction& tx, const std::string& path) {
  tx.exec_params("SELECT pg_catalog.set_config('search_path', $1, true)", path);
}

query_view created_view(pqxx::dbtransaction& tx, const std::string& query,
                        const std::string& role) {
  create_view(tx, name, query, role);
  set_search_path(tx, "pg_catalog");
  const auto view = tx.exec1("SELECT 'pg_temp.__pgt_query'::regclass::oid, "
                             "pg_get_viewdef('pg_temp.__pgt_query'::regclass)");
  return {view[0].as<oid>(),
          postgres::value_of(parse_select(view[1].as<std::string>()))};
}

} // namespace

query_view view_of(pqxx::dbtransaction& tx, const std::string& query,
                   const std::string& search_path, const std::string& role) {
  set_search_path(tx, search_path);
  auto view = created_view(tx, query, role);
  // What depends on columns that nobody reads would be kept for nothing.
  if (drop_unread_outputs(view.tree)) {
    drop_view_of_query(tx);
    view = created_view(tx, to_sql(view.tree), role);
  }
  return view;
}

void drop_view_of_query(pqxx::dbtransaction& tx) {
  tx.exec("DROP VIEW pg_temp.__pgt_query");
}

} // namespace pgtrickle::catalog
