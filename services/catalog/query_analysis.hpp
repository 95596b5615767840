#pragma once
// A defining query as PostgreSQL understands it.

#include "pg_query.pb.h"
#include "services/query/facts.hpp"
#include "services/query/plan_builder.hpp"

#include <pqxx/pqxx>

#include <string>
#include <vector>

namespace pgtrickle::catalog {

struct analysed_query {
  /// Every name qualified, stars expanded.
  std::string canonical;
  pg_query::SelectStmt tree;
  std::vector<std::string> names;
  std::vector<column> columns;
  query_facts facts;
  /// Tables and views that the query stands on, through views too.
  std::set<oid> tables;
  std::set<oid> views;
  /// Why no change of some source can be captured; empty: all can.
  std::string obstacle;
  /// What the query refers to, for the catalog: rows as a JSON array.
  std::string references;
};

/// Creates the temporary view `name` over `query` with the rights of `role`,
/// whose code the query may run merely by being read.
void create_view(pqxx::dbtransaction& tx, const std::string& name,
                 const std::string& query, const std::string& role);

/// Analyses `query`, read under `search_path` with the rights of `role`. To be
/// called in a transaction, whose search_path is pg_catalog afterwards. Throws
/// what PostgreSQL finds wrong with the query, and postgres::abandoned.
[[nodiscard]] analysed_query analyse(pqxx::dbtransaction& tx,
                                     const std::string& query,
                                     const std::string& search_path,
                                     const std::string& role);

/// The columns of a query in parentheses, for build_plan.
[[nodiscard]] describe_query describer(pqxx::dbtransaction& tx,
                                       const std::string& role);

} // namespace pgtrickle::catalog
