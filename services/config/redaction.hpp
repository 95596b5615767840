#pragma once

#include <string>
#include <string_view>

namespace pgtrickle::config {

/// A connection string, a URI, or URIs separated by commas, fit for a log:
/// `***` stands for each secret. What cannot be understood is not shown.
[[nodiscard]] std::string redacted(std::string_view text);

} // namespace pgtrickle::config
