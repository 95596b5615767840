#pragma once
// From a defining query to a stored, runnable program.

#include "services/catalog/query_analysis.hpp"
#include "services/catalog/stream_table_store.hpp"
#include "services/differential/program.hpp"
#include "services/engine/stream_table.hpp"

namespace pgtrickle::engine {

/// A defining query, compiled as far as it can be without the table.
struct prepared_query {
  catalog::analysed_query query;
  plan_ptr plan;
  /// Why the query is always recomputed; empty: it is maintained.
  std::string full_reason;
  bool time_dependent = false;
};

/// Analyses and plans `query` as `reader` reads it. Throws unsupported_query
/// when `refresh_mode` asks for what the query does not allow.
[[nodiscard]] prepared_query prepare(pqxx::dbtransaction& tx,
                                     const std::string& query,
                                     const caller& reader,
                                     const std::string& refresh_mode);

/// Creates what the refreshes of `target` need (arrangements, the owner's
/// refresh function, capture) and records it. What an earlier definition left
/// is replaced. Throws permission_denied if `owner` may not read a source.
void install(pqxx::dbtransaction& tx, const prepared_query& prepared,
             const program_target& target, const std::string& owner);

/// Compiles the defining query of `table` again, under the names of today, and
/// installs it. Returns whether rows and arrangements are those of the new
/// program too, since it differs in names only; otherwise they have to be made
/// anew. Throws source_changed when the query no longer gives the table's
/// columns.
[[nodiscard]] bool replace_program(pqxx::dbtransaction& tx,
                                   const catalog::stored_stream_table& table);

/// Removes arrangements and refresh function.
void uninstall(pqxx::dbtransaction& tx, stream_table_id id);

/// The name of the refresh function of `id`.
[[nodiscard]] std::string refresh_function(stream_table_id id);

} // namespace pgtrickle::engine
