#pragma once

#include <string>

namespace pgtrickle::config {

/// The text of docs/configuration.md: every option and every setting.
[[nodiscard]] std::string render_markdown();

} // namespace pgtrickle::config
