#pragma once
// Programs that are run once, to bring rows from elsewhere into a stream table
// with its owner's rights.

#include "services/differential/program.hpp"

#include <pqxx/pqxx>

namespace pgtrickle::engine {

/// A plan for the columns `names` of `table`, which give the columns of `root`;
/// its rows are found by the same key.
[[nodiscard]] plan rows_of(const std::string& table,
                           const std::vector<std::string>& names,
                           const plan& root);

/// How many rows a program has added and removed.
struct row_counts {
  std::int64_t inserted = 0;
  std::int64_t deleted = 0;
};

/// Runs `program` once in `mode` (FILL, FULL) as `owner`.
row_counts run_once(pqxx::dbtransaction& tx, const refresh_program& program,
                    const std::string& mode, const std::string& owner);

/// Runs ALTER TABLE `table` with `actions`, if there are any, as `owner`: they
/// may evaluate his constraints and domains.
void alter_as_owner(pqxx::dbtransaction& tx, const std::string& table,
                    const std::vector<std::string>& actions,
                    const std::string& owner);

} // namespace pgtrickle::engine
