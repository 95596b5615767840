#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pgtrickle::http {

/// In gzip's format; absent: there was no memory for it.
[[nodiscard]] std::optional<std::string> gzipped(std::string_view bytes);

} // namespace pgtrickle::http
