#pragma once
// Stream tables as the catalog holds them.

#include "services/capture/frontier.hpp"
#include "services/core/ids.hpp"

#include <pqxx/pqxx>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pgtrickle::catalog {

/// A row of pgtrickle.pgt_stream_tables.
struct stored_stream_table {
  stream_table_id id{};
  oid relid = 0;
  /// Quoted and schema-qualified.
  std::string name;
  std::string owner;
  std::string original_query;
  std::string original_search_path;
  std::string defining_query;
  std::string refresh_mode;
  std::string mode_reason;
  std::string status;
  bool is_populated = false;
  bool needs_reinit = false;
  std::string reinit_reason;
  /// Only names have changed.
  bool needs_recompile = false;
  /// Rises with each DDL that concerns it.
  std::int64_t ddl_serial = 0;
  std::int64_t definition_version = 0;
  std::optional<frontier> consumed;
  /// The PostgreSQL cluster that `consumed` belongs to.
  std::string system_identifier;
  bool time_dependent = false;
  /// What the last refresh of either kind took; absent: there was none.
  std::optional<double> last_full_ms;
  std::optional<double> last_diff_ms;
  /// How the last one was done: DIFFERENTIAL, FULL or not at all; and what it
  /// and those alike before it took together.
  std::string effective_mode;
  double mode_spent_ms = 0;
  bool has_target_lag = false;
};

/// What a SELECT takes for `stream_table_in`: columns and FROM, in which `t` is
/// pgtrickle.pgt_stream_tables.
constexpr std::string_view stream_table_columns
  = "pgt_id, pgt_relid, refresh_mode, mode_reason, status, is_populated, "
    "needs_reinit, "
    "reinit_reason, needs_recompile, ddl_serial, definition_version, "
    "time_dependent, frontier, last_full_ms, last_diff_ms, "
    "effective_refresh_mode, mode_spent_ms, "
    "freshness_deadline_ms IS NOT NULL AS has_target_lag, "
    "format('%I.%I', n.nspname, c.relname) AS name, "
    "pg_get_userbyid(c.relowner) AS owner "
    "FROM pgtrickle.pgt_stream_tables t JOIN pg_class c ON c.oid = t.pgt_relid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace";

/// The stream table without its queries, which are long and mostly lie out of
/// line.
[[nodiscard]] stored_stream_table stream_table_in(const pqxx::row& row);

/// The ids as a text that PostgreSQL reads as an array.
[[nodiscard]] std::string array_of(const std::vector<stream_table_id>& ids);

/// Loads stream tables by id; those that are gone are left out.
[[nodiscard]] std::map<stream_table_id, stored_stream_table>
load(pqxx::transaction_base& tx, const std::vector<stream_table_id>& ids);

/// The id of the stream table that `relid` is, if it is one.
[[nodiscard]] std::optional<stream_table_id>
find_by_relation(pqxx::transaction_base& tx, oid relid);

/// Tables that each of the stream tables `ids` reads.
using sources_by_table = std::map<stream_table_id, std::set<oid>>;
[[nodiscard]] sources_by_table
sources_of(pqxx::transaction_base& tx, const std::vector<stream_table_id>& ids);

/// The stored program, as text.
[[nodiscard]] std::string program_of(pqxx::transaction_base& tx,
                                     stream_table_id id);

/// Among attribute numbers: a change of any column matters, but none is read
/// from the change buffer.
constexpr std::int16_t any_column = 0;

/// What a stream table reads, as the catalog records it.
struct recorded_sources {
  /// Tables, with the attribute numbers that their buffers must hold.
  std::map<oid, std::vector<std::int16_t>> tables;
  std::set<oid> views;
};

/// A refresh that has read the catalog before this is not committed.
void void_what_is_known(pqxx::transaction_base& tx, stream_table_id id);

/// Replaces the recorded sources of `id`, and makes their capture fit.
void record_sources(pqxx::transaction_base& tx, stream_table_id id,
                    const recorded_sources& sources);

/// The recorded sources of `id`.
[[nodiscard]] recorded_sources recorded_sources_of(pqxx::transaction_base& tx,
                                                   stream_table_id id);

/// Captures what is in `sources` for `id`, beside what is captured for it.
void add_sources(pqxx::transaction_base& tx, stream_table_id id,
                 const recorded_sources& sources);

/// Stream tables that read `relid`, by name.
[[nodiscard]] std::vector<std::string> dependents_of(pqxx::transaction_base& tx,
                                                     oid relid);

/// Fails with `fenced` unless the database is still owned under `epoch`; keeps
/// it so until the transaction ends.
void check_fence(pqxx::transaction_base& tx, std::int64_t epoch);

/// The frontier as jsonb text, with what makes it comparable: the cluster it
/// belongs to, and where and when it was.
[[nodiscard]] std::string frontier_json(const frontier& consumed,
                                        const std::string& system_identifier,
                                        const std::string& lsn,
                                        const std::string& at);

} // namespace pgtrickle::catalog
