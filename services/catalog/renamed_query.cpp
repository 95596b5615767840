#include "services/catalog/renamed_query.hpp"

#include "services/catalog/query_analysis.hpp"
#include "services/postgres/session.hpp"
#include "services/query/parse_tree.hpp"
#include "services/query/renaming.hpp"

#include <fmt/format.h>

#include <vector>

namespace pgtrickle::catalog {

namespace {

struct renamed_object {
  std::string kind;
  oid id = 0;
  object_name before;
  object_name after;
  bool has_renamed_columns = false;
};

std::vector<renamed_object> renamed_objects(pqxx::dbtransaction& tx,
                                            stream_table_id id) {
  std::vector<renamed_object> found;
  for (const auto& row :
       tx.exec_params("SELECT * FROM pgtrickle._renamed_references($1)",
                      static_cast<std::int64_t>(id)))
    found.push_back(
      {row["class"].as<std::string>(),
       row["objid"].as<oid>(),
       {row["old_schema"].as<std::string>(), row["old_name"].as<std::string>()},
       {row["new_schema"].as<std::string>(), row["new_name"].as<std::string>()},
       row["has_renamed_columns"].as<bool>()});
  return found;
}

std::map<object_name, object_name>& names_of(renaming& names,
                                             const std::string& kind) {
  if (kind == "pg_proc")
    return names.functions;
  if (kind == "pg_type")
    return names.types;
  if (kind == "pg_operator")
    return names.operators;
  return kind == "pg_collation" ? names.collations : names.relations;
}

std::string stand_in(oid relation) {
  return fmt::format("__pgt_stand_in_{}", relation);
}

/// Lets PostgreSQL rename columns: a view over tables that stand in for the
/// relations follows the names of their columns, which are renamed.
pg_query::SelectStmt with_new_columns(pqxx::dbtransaction& tx,
                                      stream_table_id id,
                                      const pg_query::SelectStmt& query,
                                      const std::vector<oid>& relations,
                                      const std::string& role) {
  create_view(tx, "__pgt_renamed", to_sql(query), role);
  tx.exec("SET LOCAL search_path = pg_catalog");
  for (auto relation : relations)
    tx.exec_params("SELECT pgtrickle._rename_stand_in($1, $2)",
                   static_cast<std::int64_t>(id), relation);
  const auto text
    = tx.exec1("SELECT pg_get_viewdef('pg_temp.__pgt_renamed'::regclass)")[0]
        .as<std::string>();
  tx.exec("DROP VIEW pg_temp.__pgt_renamed");
  for (auto relation : relations)
    tx.exec("DROP TABLE pg_temp." + stand_in(relation));
  return postgres::value_of(parse_select(text));
}

} // namespace

std::string query_of_today(pqxx::dbtransaction& tx, stream_table_id id,
                           const std::string& query, const std::string& role) {
  const auto objects = renamed_objects(tx, id);
  if (objects.empty())
    return query;
  renaming names;
  renaming back;
  std::vector<oid> relations;
  for (const auto& object : objects) {
    auto after = object.after;
    if (object.has_renamed_columns) {
      tx.exec_params("SELECT pgtrickle._create_stand_in($1, $2)",
                     static_cast<std::int64_t>(id), object.id);
      relations.push_back(object.id);
      after = {"pg_temp", stand_in(object.id)};
      for (const auto* schema : {"", "pg_temp"})
        back.relations[{schema, after.second}] = object.after;
    }
    names_of(names, object.kind)[object.before] = after;
  }
  auto tree = postgres::value_of(parse_select(query));
  rename(tree, names);
  if (!relations.empty()) {
    tree = with_new_columns(tx, id, tree, relations, role);
    rename(tree, back);
  }
  return to_sql(tree);
}

} // namespace pgtrickle::catalog
