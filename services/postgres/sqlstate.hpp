#pragma once

#include "services/core/result.hpp"

#include <string>

namespace pgtrickle::postgres {

/// The code under which an error of PostgreSQL is filed.
[[nodiscard]] errc code_of_sqlstate(const std::string& sqlstate);

/// Maps what PostgreSQL said to a failure that keeps its SQLSTATE.
[[nodiscard]] failure failure_from_sqlstate(const std::string& sqlstate,
                                            const std::string& message);

} // namespace pgtrickle::postgres
