#pragma once

#include <string>
#include <string_view>

namespace pgtrickle::metrics {

/// `name` with `_` for each character that a name can't have.
[[nodiscard]] std::string legal_name(std::string_view name);

/// As UTF-8, with backslashes before backslashes, quotes and newlines.
[[nodiscard]] std::string escaped(std::string_view text);

/// The same, but quotes stand as they are.
[[nodiscard]] std::string escaped_but_quotes(std::string_view text);

} // namespace pgtrickle::metrics
