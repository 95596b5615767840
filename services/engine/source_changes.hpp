#pragma once

#include "services/capture/staging.hpp"
#include "services/differential/program.hpp"

#include <pqxx/pqxx>

#include <map>
#include <set>

namespace pgtrickle::engine {

/// What a source's change buffer holds beyond a frontier.
struct source_changes {
  std::int64_t count = 0;
  bool truncated = false;
  /// Where they lie.
  std::vector<block_range> blocks;
};

using changes_by_source = std::map<oid, source_changes>;

/// Which sources to look at, by the frontier beyond which to look.
using change_query = std::map<frontier, std::set<oid>>;

/// What the sources' change buffers hold beyond each frontier, in one round
/// trip: as their writers announced it, without a look into the buffers.
[[nodiscard]] std::map<frontier, changes_by_source>
changes_beyond(pqxx::transaction_base& tx, const change_query& query);

/// How the transaction of a refresh begins.
struct begun_refresh {
  /// Its snapshot, taken before it has an xid of its own; when that was, and
  /// the place in the write-ahead log.
  std::string snapshot;
  std::string at;
  std::string lsn;
  std::map<frontier, changes_by_source> changes;
};

/// The first statement of a refresh's transaction: takes its snapshot, lets it
/// read change buffers, and finds what they hold beyond each frontier. If not
/// `durable`, its commit does not wait for the disk.
[[nodiscard]] begun_refresh begin_refresh(pqxx::transaction_base& tx,
                                          const change_query& query,
                                          bool durable);

/// The tables whose changes `program` reads.
[[nodiscard]] std::set<oid> sources_of(const refresh_program& program);

/// The rows of each source of `program`, as PostgreSQL's statistics have them.
[[nodiscard]] std::vector<double>
estimated_rows(pqxx::transaction_base& tx, const refresh_program& program);

} // namespace pgtrickle::engine
