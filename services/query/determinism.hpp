#pragma once
// Whether a query's result follows from its tables alone.

#include "pg_query.pb.h"
#include "services/query/facts.hpp"

#include <optional>
#include <string>

namespace pgtrickle {

/// Why a query can't be maintained from the changes of its tables.
struct indeterminism {
  /// Names the culprit: "function random() is volatile".
  std::string reason;
  /// The result changes as time goes by.
  bool time_dependent = false;
};

/// Returns the first reason found; nothing: the query is deterministic.
[[nodiscard]] std::optional<indeterminism>
indeterminism_of(const pg_query::SelectStmt& query, const query_facts& facts);

} // namespace pgtrickle
