#pragma once

#include <string>

namespace pgtrickle {

/// The text of docs/ERRORS.md: every errc.
[[nodiscard]] std::string render_errors();

/// The text of docs/alerts.md: every alert.
[[nodiscard]] std::string render_alerts();

} // namespace pgtrickle
