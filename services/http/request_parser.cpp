#include "services/http/request_parser.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace pgtrickle::http {

namespace {

constexpr std::size_t max_headers = 64;
constexpr refusal malformed{400, "malformed request"};

bool is_token(std::string_view text) {
  constexpr std::string_view allowed
    = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
      "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return !text.empty()
         && text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string in_lower_case(std::string_view text) {
  std::string lower{text};
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

/// Absent: an escape is not one, or stands for a zero byte.
std::optional<std::string> decoded(std::string_view text) {
  std::string path;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      path += text[i];
      continue;
    }
    std::uint8_t byte = 0;
    const auto digits = text.substr(i + 1, 2);
    const auto [end, error]
      = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (error != std::errc{} || digits.size() != 2 || end != digits.data() + 2
        || byte == 0)
      return std::nullopt;
    path += static_cast<char>(byte);
    i += 2;
  }
  return path;
}

/// `GET /path?query HTTP/1.1`; nullopt: taken.
std::optional<refusal> read_first_line(std::string_view line, request& into) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return malformed;
  const auto version = line.substr(last + 1);
  auto target = line.substr(first + 1, last - first - 1);
  into.method = line.substr(0, first);
  if (!is_token(into.method) || version.size() != 8
      || !version.starts_with("HTTP/"))
    return malformed;
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return refusal{505, "use HTTP/1.1"};
  if (!target.starts_with('/') || std::ranges::any_of(target, [](char c) {
        return is_control(c) || c == ' ';
      }))
    return malformed;
  target = target.substr(0, target.find('#'));
  const auto mark = target.find('?');
  auto path = decoded(target.substr(0, mark));
  if (!path)
    return malformed;
  into.path = std::move(*path);
  if (mark != std::string_view::npos)
    into.query = target.substr(mark + 1);
  return std::nullopt;
}

std::optional<refusal> read_header(std::string_view line, request& into) {
  if (into.headers.size() == max_headers)
    return refusal{431, "too many headers"};
  const auto colon = line.find(':');
  const auto name = line.substr(0, colon);
  if (colon == std::string_view::npos || !is_token(name))
    return malformed;
  const auto value = trimmed(line.substr(colon + 1));
  if (std::ranges::any_of(value, is_control))
    return malformed;
  into.headers.emplace(in_lower_case(name), value);
  return std::nullopt;
}

/// Cuts the next line off `text`.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  return line;
}

std::optional<refusal> read_head(std::string_view head, request& into) {
  if (auto refused = read_first_line(take_line(head), into))
    return refused;
  while (!head.empty())
    if (const auto line = take_line(head); !line.empty())
      if (auto refused = read_header(line, into))
        return refused;
  return std::nullopt;
}

/// How long the body is, or why that can't be said.
std::variant<std::size_t, refusal> body_length(const request& head) {
  if (head.headers.contains("transfer-encoding"))
    return refusal{411, "say the length of the body by Content-Length"};
  const auto count = head.headers.count("content-length");
  if (count == 0)
    return std::size_t{0};
  const auto text = head.header("content-length");
  std::size_t length = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, length);
  if (count > 1 || stop != end || error == std::errc::invalid_argument)
    return malformed;
  if (error != std::errc{} || length > max_body)
    return refusal{413, "the body is too large"};
  return length;
}

/// The length of the head with the empty line behind it; 0: it has no end yet.
std::size_t head_length(std::string_view bytes) {
  for (auto at = bytes.find('\n'); at != std::string_view::npos;
       at = bytes.find('\n', at + 1)) {
    const auto rest = bytes.substr(at + 1);
    if (rest.starts_with('\n'))
      return at + 2;
    if (rest.starts_with("\r\n"))
      return at + 3;
  }
  return 0;
}

} // namespace

parsed_request parse_request(std::string_view bytes) {
  // Some clients end a body with an empty line too many.
  while (bytes.starts_with("\r\n"))
    bytes.remove_prefix(2);
  // No request begins otherwise, and who sends it won't end it with a line.
  if (!bytes.empty() && (bytes.front() < 'A' || bytes.front() > 'Z'))
    return malformed;
  const auto length = head_length(bytes.substr(0, max_head + 1));
  if (length == 0)
    return bytes.size() > max_head
             ? parsed_request{refusal{431, "the headers are too large"}}
             : more_needed{};
  request read;
  if (const auto refused = read_head(bytes.substr(0, length), read))
    return *refused;
  const auto body = body_length(read);
  if (const auto* refused = std::get_if<refusal>(&body))
    return *refused;
  const auto expected = std::get<std::size_t>(body);
  if (bytes.size() - length < expected)
    return more_needed{};
  read.body = bytes.substr(length, expected);
  return read;
}

} // namespace pgtrickle::http
