#pragma once

#include "services/core/ids.hpp"

#include <pqxx/pqxx>

#include <string>

namespace pgtrickle::catalog {

/// `query`, the canonical defining query of `id`, with the names that the
/// objects have now to which it referred when it was compiled. What was dropped
/// keeps its name. `role` is its owner. To be called in a transaction, whose
/// search_path is pg_catalog afterwards.
[[nodiscard]] std::string query_of_today(pqxx::dbtransaction& tx,
                                         stream_table_id id,
                                         const std::string& query,
                                         const std::string& role);

} // namespace pgtrickle::catalog
