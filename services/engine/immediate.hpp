#pragma once
// Stream tables that are kept in the transactions that write to their sources
// (refresh_mode IMMEDIATE): triggers in the database do that by themselves.
// Here they are set up, filled and mended.

#include "services/engine/refresh.hpp"
#include "services/postgres/session.hpp"

#include <set>

namespace pgtrickle::engine {

struct work_item;

/// The name of the mode.
constexpr const char* immediate_mode = "IMMEDIATE";

/// Keeps writers of `sources` out until the transaction ends. Throws
/// permission_denied where `owner` may not create triggers, and
/// unsupported_query for a partition or inheritance child.
void lock_sources(pqxx::dbtransaction& tx, const std::set<oid>& sources,
                  const std::string& owner);

/// Creates the triggers for the stored program of `id`; removes all of them.
void install_immediate(pqxx::dbtransaction& tx, stream_table_id id);
void uninstall_immediate(pqxx::dbtransaction& tx, stream_table_id id);

/// Settings of a program that runs in other people's sessions, as clauses of
/// CREATE FUNCTION: what its results depend on is as in this session.
[[nodiscard]] std::string pinned_settings();

/// Fills the stream table `id`, or recomputes it by difference, in the
/// transaction that installed its program, and records that as `by`.
void fill_immediate(pqxx::dbtransaction& tx, stream_table_id id, initiator by);

/// States that the stream table `id`, IMMEDIATE until now, holds what its
/// sources gave at this moment.
void leave_immediate(pqxx::dbtransaction& tx, stream_table_id id);

/// Recomputes an IMMEDIATE stream table by difference if that is wished or
/// its program has to be made anew; else it has nothing to do. Waits for the
/// transactions that write to its sources.
[[nodiscard]] refresh_outcome refresh_immediate(postgres::session& db,
                                                work_item& item, initiator by,
                                                ownership fence);

} // namespace pgtrickle::engine
