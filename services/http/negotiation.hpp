#pragma once

#include <string_view>

namespace pgtrickle::http {

/// Whether the header Accept ranks OpenMetrics 1.0 no lower than Prometheus's
/// text format 0.0.4, and names it.
[[nodiscard]] bool prefers_openmetrics(std::string_view accept);

/// Whether the header Accept-Encoding takes gzip.
[[nodiscard]] bool takes_gzip(std::string_view accept_encoding);

} // namespace pgtrickle::http
