#pragma once

#include "services/http/message.hpp"

#include <cstddef>
#include <variant>

namespace pgtrickle::http {

/// What a client may send, in bytes.
constexpr std::size_t max_head = 8192;
constexpr std::size_t max_body = 65536;

/// The end of the request has not come yet.
struct more_needed {};

/// Why a request is not taken: the status, and a line for the client.
struct refusal {
  int status;
  std::string_view why;
};

using parsed_request = std::variant<more_needed, request, refusal>;

/// Reads the request that `bytes` begin with; what follows it is not looked at.
[[nodiscard]] parsed_request parse_request(std::string_view bytes);

} // namespace pgtrickle::http
