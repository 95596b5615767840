#pragma once

#include <string_view>

namespace pgtrickle {

/// Whether the release `one` came after `other`, by their numbers between dots.
/// What is no number counts as 0.
[[nodiscard]] bool is_newer(std::string_view one, std::string_view other);

} // namespace pgtrickle
