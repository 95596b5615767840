#pragma once

#include "services/differential/program.hpp"

#include <optional>
#include <string>

namespace pgtrickle {

/// A program as it is stored in the catalog.
[[nodiscard]] std::string to_json(const refresh_program& program);

/// The stored program; nothing if it has another version.
[[nodiscard]] std::optional<refresh_program>
program_from_json(const std::string& text);

} // namespace pgtrickle
