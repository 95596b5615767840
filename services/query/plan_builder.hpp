#pragma once
// From a canonical defining query to a plan.

#include "pg_query.pb.h"
#include "services/core/result.hpp"
#include "services/query/facts.hpp"
#include "services/query/plan.hpp"

#include <functional>

namespace pgtrickle {

/// Tells the columns of a query, given as a SELECT in parentheses.
using describe_query
  = std::function<std::vector<column>(const std::string& query)>;

/// Builds the plan of `query`, whose every name is qualified
/// (pg_get_viewdef). What no operator covers becomes `opaque`; so there is
/// always a plan. Errors: unsupported_query (a relation without capture).
[[nodiscard]] result<plan_ptr> build_plan(const pg_query::SelectStmt& query,
                                          const query_facts& facts,
                                          const describe_query& describe);

} // namespace pgtrickle
