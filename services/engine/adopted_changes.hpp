#pragma once
// The captured changes of a dump, under new transactions.

#include "services/capture/rebase.hpp"
#include "services/differential/moved_program.hpp"
#include "services/postgres/session.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace pgtrickle::engine {

/// Frontiers of a dump, and transactions of this cluster for the changes that
/// they have still to see.
struct relabelling {
  struct holder {
    std::string kind;
    std::int64_t id = 0;
    /// The frontier, by its place in what was classified.
    std::size_t frontier = 0;
  };
  std::vector<holder> holders;
  classification divided;
  /// For each class, one that has ended.
  std::vector<std::uint64_t> labels;
};

/// Reads the frontiers, which nobody moves before the database is adopted, and
/// takes as many transactions as it needs.
[[nodiscard]] result<relabelling> relabel(postgres::session& db);

/// Fills the new change buffer of the source that is `former` in the dump, and
/// `present` now. False: the dump does not hold all that is captured now.
[[nodiscard]] bool load_changes(pqxx::dbtransaction& tx, oid former,
                                const moved_relation& present,
                                const relabelling& labels);

/// Moves all frontiers to the present, but for what they have still to see. To
/// be called when no writer of a source is left, and what they wrote is loaded.
void move_frontiers(pqxx::dbtransaction& tx, const relabelling& labels);

} // namespace pgtrickle::engine
