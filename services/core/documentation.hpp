#pragma once

#include <string>

namespace pgtrickle {

/// The text of docs/ERRORS.md: every errc.
[[nodiscard]] std::string render_errors();

} // namespace pgtrickle
