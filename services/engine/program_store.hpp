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

/// The sources that a program reads, for the catalog.
[[nodiscard]] catalog::recorded_sources
sources_of(const prepared_query& prepared, const refresh_program& program);

/// Creates what the refreshes of `target` need (arrangements, the owner's
/// refresh function, capture) and records it. What an earlier definition left
/// is replaced. Throws permission_denied if `owner` may not read a source.
void install(pqxx::dbtransaction& tx, const prepared_query& prepared,
             const program_target& target, const std::string& owner);

/// Installs without touching the sources' capture and the table's indexes.
void install_program(pqxx::dbtransaction& tx, const prepared_query& prepared,
                     const refresh_program& program,
                     const program_target& target, const std::string& owner);

/// Creates what hangs on the change buffers, and gives `owner` his rights on
/// the rest: the function and the arrangements of `program` are there.
void reattach_program(pqxx::dbtransaction& tx, const refresh_program& program,
                      stream_table_id id, const std::string& owner);

/// Creates a function with the body of a refresh program, the rights of
/// `owner`, and `settings`: SET clauses.
void create_function(pqxx::dbtransaction& tx, const std::string& name,
                     const std::string& body, const std::string& owner,
                     const std::string& settings = {});

/// Drops the index of the program `former` (as stored) if `program` does not
/// make it alike: it may not even hold for the new rows.
void drop_other_indexes(pqxx::dbtransaction& tx, const program_target& target,
                        const std::string& former,
                        const refresh_program& program);

/// Records `program` as that of the table, what it was compiled from, and the
/// table's present columns and owner.
void record_program(pqxx::dbtransaction& tx, const prepared_query& prepared,
                    const program_target& target,
                    const refresh_program& program);

/// Throws dependency_cycle if `table` would depend on itself by `sources`.
void check_cycle(pqxx::dbtransaction& tx,
                 const catalog::stored_stream_table& table,
                 const std::set<oid>& sources);

/// Compiles the defining query of `table` again, under the names of today, and
/// installs it. Returns whether rows and arrangements are those of the new
/// program too, since it differs in names only; otherwise they have to be made
/// anew. Throws source_changed when the query no longer gives the table's
/// columns.
[[nodiscard]] bool replace_program(pqxx::dbtransaction& tx,
                                   const catalog::stored_stream_table& table);

/// Installs the original query of `table`, another one than before, and its
/// refresh mode. Throws source_changed when it does not give the table's
/// columns.
void replace_query_in_place(pqxx::dbtransaction& tx,
                            const catalog::stored_stream_table& table);

/// Removes arrangements and refresh function.
void uninstall(pqxx::dbtransaction& tx, stream_table_id id);

/// The name of the refresh function of `id`.
[[nodiscard]] std::string refresh_function(stream_table_id id);

} // namespace pgtrickle::engine
