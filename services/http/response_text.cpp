#include "services/http/response_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pgtrickle::http {

namespace {

struct reason {
  int status;
  std::string_view text;
};

constexpr std::array reasons{reason{200, "OK"},
                             reason{204, "No Content"},
                             reason{303, "See Other"},
                             reason{304, "Not Modified"},
                             reason{308, "Permanent Redirect"},
                             reason{400, "Bad Request"},
                             reason{401, "Unauthorized"},
                             reason{403, "Forbidden"},
                             reason{404, "Not Found"},
                             reason{405, "Method Not Allowed"},
                             reason{408, "Request Timeout"},
                             reason{409, "Conflict"},
                             reason{411, "Length Required"},
                             reason{413, "Content Too Large"},
                             reason{421, "Misdirected Request"},
                             reason{429, "Too Many Requests"},
                             reason{431, "Request Header Fields Too Large"},
                             reason{500, "Internal Server Error"},
                             reason{503, "Service Unavailable"},
                             reason{505, "HTTP Version Not Supported"}};

std::string_view reason_of(int status) {
  const auto* found = std::ranges::find(reasons, status, &reason::status);
  return found == reasons.end() ? "Unknown" : found->text;
}

/// A header can't be made to hold another one.
std::string in_one_line(std::string text) {
  std::ranges::replace_if(
    text, [](char c) { return c == '\r' || c == '\n'; }, ' ');
  return text;
}

} // namespace

std::string text_of(const response& answer, bool with_body) {
  auto text = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\n"
                          "Cache-Control: no-store\r\n"
                          "X-Content-Type-Options: nosniff\r\n",
                          answer.status, reason_of(answer.status),
                          in_one_line(answer.content_type));
  if (!answer.next_chunk)
    text += fmt::format("Content-Length: {}\r\n", answer.body.size());
  for (const auto& [name, value] : answer.headers)
    text += fmt::format("{}: {}\r\n", in_one_line(name), in_one_line(value));
  text += "Connection: close\r\n\r\n";
  if (with_body)
    text += answer.body;
  return text;
}

response plain(int status, std::string_view line) {
  return {status, std::string{line} + "\n"};
}

} // namespace pgtrickle::http
