#pragma once

#include "services/core/result.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace pgtrickle {

/// Longer durations are refused, so that sums of times cannot overflow.
constexpr std::chrono::milliseconds longest_duration
  = std::chrono::hours{24} * 3660;

/// Reads `30s`, `1h30m`, `2d`, `1w`, `500ms`, or bare seconds.
/// Errors: invalid_argument.
[[nodiscard]] result<std::chrono::milliseconds>
parse_duration(std::string_view text);

/// The shortest text from which parse_duration reads `length`.
[[nodiscard]] std::string render_duration(std::chrono::milliseconds length);

} // namespace pgtrickle
