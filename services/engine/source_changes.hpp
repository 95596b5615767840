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

/// The tables whose changes `program` reads.
[[nodiscard]] std::set<oid> sources_of(const refresh_program& program);

/// The rows of each source of `program`, as PostgreSQL's statistics have them.
[[nodiscard]] std::vector<double>
estimated_rows(pqxx::transaction_base& tx, const refresh_program& program);

} // namespace pgtrickle::engine
