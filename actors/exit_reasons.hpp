#pragma once
// Why an actor ended, as an error of CAF and in words.

#include "messages/databases.hpp"

#include <caf/error.hpp>

#include <string>

namespace pgtrickle {

[[nodiscard]] caf::error exit_reason_of(const failure& reason);

/// libpq's messages have several lines, a log's line has one.
[[nodiscard]] std::string in_one_line(std::string text);

[[nodiscard]] std::string describe(const caf::error& reason);

} // namespace pgtrickle
