#pragma once
// What happens to some tables and stream tables, as data: it can be printed,
// run again, and cut down.

#include "test/engine/property/queries.hpp"

#include <variant>

namespace pgtrickle::test {

/// Statements of one session, one after another.
struct statements {
  /// 0 or 1; session 1 may stay in a transaction across refreshes.
  std::size_t session = 0;
  std::vector<std::string> sql;
};

/// A refresh of some stream tables, at one snapshot.
struct refresh_step {
  std::vector<std::size_t> tables;
};

/// A sweep of the change buffers.
struct sweep_step {};

using step = std::variant<statements, refresh_step, sweep_step>;

struct defined_table {
  std::string name;
  query_text query;
};

struct history {
  std::vector<std::string> setup;
  std::vector<defined_table> stream_tables;
  std::vector<step> steps;
};

[[nodiscard]] history random_history(std::uint64_t seed);

/// Histories that lack one part of `whole` each.
[[nodiscard]] std::vector<history> simpler(const history& whole);

/// `whole` as a script for a reader.
[[nodiscard]] std::string to_text(const history& whole);

} // namespace pgtrickle::test
