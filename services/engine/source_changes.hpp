#pragma once

#include "services/capture/staging.hpp"
#include "services/differential/program.hpp"

#include <pqxx/pqxx>

namespace pgtrickle::engine {

/// What a source's change buffer holds beyond a frontier.
struct source_changes {
  std::int64_t count = 0;
  bool truncated = false;
  /// Where they lie.
  std::vector<block_range> blocks;
};

/// The changes of every source of `program`, in its order: as their writers
/// announced them, without a look into the buffers.
[[nodiscard]] std::vector<source_changes>
count_changes(pqxx::transaction_base& tx, const refresh_program& program,
              const frontier& since);

/// Whether any source of `program` has changed since.
[[nodiscard]] bool has_changes(pqxx::transaction_base& tx,
                               const refresh_program& program,
                               const frontier& since);

/// The rows of each source of `program`, as PostgreSQL's statistics have them.
[[nodiscard]] std::vector<double>
estimated_rows(pqxx::transaction_base& tx, const refresh_program& program);

} // namespace pgtrickle::engine
