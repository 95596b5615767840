#pragma once

#include "services/http/message.hpp"

namespace pgtrickle::http {

/// The response as it is sent. HTTP/1.1's connection ends with it: what is
/// asked for each few seconds gains nothing by another rule.
[[nodiscard]] std::string text_of(const response& answer, bool with_body);

/// An error as plain text.
[[nodiscard]] response plain(int status, std::string_view line);

} // namespace pgtrickle::http
