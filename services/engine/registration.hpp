#pragma once
// Defining, changing and dropping stream tables: what these calls do to a
// database. Each function is one or a few short transactions.

#include "services/engine/stream_table.hpp"
#include "services/postgres/session.hpp"

namespace pgtrickle::engine {

/// Registers the stream table: checks the query, creates the table, its
/// capture and its refresh function. It is empty and INITIALIZING afterwards:
/// its first refresh fills it. Leaves nothing behind when it fails.
/// Errors: already_exists, invalid_query, unsupported_query, query_too_large,
/// permission_denied, dependency_cycle, invalid_argument, lock_unavailable.
[[nodiscard]] result<stream_table_id>
create_stream_table(postgres::session& db, const caller& by,
                    const stream_table_definition& definition, ownership fence);

/// The same within a transaction of the caller's. Throws.
[[nodiscard]] stream_table_id
create_within(pqxx::dbtransaction& tx, const caller& by,
              const stream_table_definition& definition);

/// Applies `change`; returns the id. The rows of a new query are there
/// afterwards; a new mode leaves the table marked for re-initialisation.
[[nodiscard]] result<stream_table_id>
alter_stream_table(postgres::session& db, const caller& by,
                   const stream_table_change& change, ownership fence);

/// Drops the stream table and all that belongs to it.
/// Errors: stream_table_not_found, permission_denied, dependents_exist.
[[nodiscard]] result<void> drop_stream_table(postgres::session& db,
                                             const caller& by,
                                             const std::string& name,
                                             bool cascade, ownership fence);

/// Drops without asking whose it is: undoes a creation that could not be
/// filled.
[[nodiscard]] result<void> discard_stream_table(postgres::session& db,
                                                stream_table_id id,
                                                ownership fence);

/// Makes a SUSPENDED or ERROR stream table ACTIVE again.
[[nodiscard]] result<stream_table_id>
resume_stream_table(postgres::session& db, const caller& by,
                    const std::string& name, ownership fence);

/// Finds a stream table by the name that `by` would use, and checks that `by`
/// may act on it (owner, member of the owner, or superuser).
[[nodiscard]] result<stream_table_entry>
find_owned(postgres::session& db, const caller& by, const std::string& name);

/// Every stream table of the database, with its sources.
[[nodiscard]] result<stream_table_listing> stream_tables(postgres::session& db);

/// What create_stream_table would say of `query`: rows of check_name, result,
/// severity (INFO, WARNING, ERROR), as a JSON array of objects.
[[nodiscard]] result<std::string> validate_query(postgres::session& db,
                                                 const caller& by,
                                                 const std::string& query);

/// Properties of a stream table: rows of property, value, as a JSON array.
[[nodiscard]] result<std::string> explain_stream_table(postgres::session& db,
                                                       const caller& by,
                                                       const std::string& name);

} // namespace pgtrickle::engine
