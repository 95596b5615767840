#pragma once

#include <string>
#include <string_view>

namespace pgtrickle {

/// `text` as a man page shows it, whatever it has of roff's own characters.
[[nodiscard]] std::string roff(std::string_view text);

/// The first line of a man page. `date` is that of the release, as 2026-11-27.
[[nodiscard]] std::string roff_title(std::string_view page,
                                     std::string_view section,
                                     std::string_view date,
                                     std::string_view manual);

/// A paragraph with a term in bold, which is roff already, and what it means.
[[nodiscard]] std::string roff_term(std::string_view term,
                                    std::string_view meaning);

} // namespace pgtrickle
