#pragma once
// The view that tells how PostgreSQL understands a query.

#include "pg_query.pb.h"
#include "services/core/ids.hpp"

#include <pqxx/pqxx>

#include <string>

namespace pgtrickle::catalog {

struct query_view {
  oid id = 0;
  /// Its rule: every name qualified, stars expanded, and no columns that nobody
  /// reads.
  pg_query::SelectStmt tree;
};

/// Creates the temporary view of `query`, read under `search_path` with the
/// rights of `role`; the search_path is pg_catalog afterwards. Throws what
/// PostgreSQL finds wrong with the query.
[[nodiscard]] query_view view_of(pqxx::dbtransaction& tx,
                                 const std::string& query,
                                 const std::string& search_path,
                                 const std::string& role);

void drop_view_of_query(pqxx::dbtransaction& tx);

} // namespace pgtrickle::catalog
