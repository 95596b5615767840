#pragma once

#include <string>

namespace pgtrickle::metrics {

/// The text of docs/metrics.md: every metric.
[[nodiscard]] std::string render_markdown();

} // namespace pgtrickle::metrics
