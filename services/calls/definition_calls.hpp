#pragma once
// The calls that the registrar carries out, by their method's name.

#include "services/calls/call_effect.hpp"
#include "services/engine/registration.hpp"

#include <string>
#include <vector>

namespace pgtrickle {

/// Carries out `method` in the name of `by`.
/// Errors: those of engine::*, and invalid_argument (the method, the
/// arguments).
[[nodiscard]] result<call_effect>
carry_out(postgres::session& db, const caller& by, const std::string& method,
          const std::string& arguments, ownership fence);

/// The methods of these calls.
[[nodiscard]] std::vector<std::string> definition_methods();

} // namespace pgtrickle
