#pragma once
// The calls that the planner carries out, by their method's name.

#include "services/calls/call_effect.hpp"
#include "services/plans/plans.hpp"

#include <string>
#include <vector>

namespace pgtrickle {

/// Carries out `method` in the name of `by`.
/// Errors: those of plans::*, and invalid_argument (the method, the
/// arguments).
[[nodiscard]] result<call_effect>
carry_out_planner_call(postgres::session& db, const caller& by,
                       const std::string& method, const std::string& arguments,
                       ownership fence, const plans::planning_options& options);

/// The methods of these calls.
[[nodiscard]] std::vector<std::string> planner_methods();

} // namespace pgtrickle
