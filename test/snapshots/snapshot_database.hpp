#pragma once

#include "services/snapshots/snapshots.hpp"
#include "test/engine/stream_database.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

/// Sales per item: an aggregate with an arrangement.
inline const std::string totals
  = "SELECT item, count(*) AS n, sum(amount) AS total, max(amount) AS most "
    "FROM sale GROUP BY item";

/// A table of sales, and the snapshotter's work by function calls.
struct snapshot_database : stream_database {
  explicit snapshot_database(const std::string& settings = {});

  /// A snapshot of `name`; fails the test if it can't be taken.
  std::string take(const std::string& name = "kept");
  [[nodiscard]] failure not_taken(const std::string& name,
                                  const std::optional<std::string>& target
                                  = {});

  /// Restores, refreshes if that is left to do, and returns whether it was.
  bool restore(const std::string& source, const std::string& name = "kept");
  [[nodiscard]] failure not_restored(const std::string& source,
                                     const std::string& name = "kept");

  /// The id of the stream table `name`.
  stream_table_id id_of(const std::string& name = "kept");
  std::string text(const std::string& query);
  [[nodiscard]] std::string frontier_of(const std::string& name = "kept");

  /// What the last restore said.
  std::vector<std::string> notices;
};

} // namespace pgtrickle::test
