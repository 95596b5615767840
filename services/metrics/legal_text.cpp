#include "services/metrics/legal_text.hpp"

#include <algorithm>
#include <cstdint>

namespace pgtrickle::metrics {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

struct sequence {
  std::size_t length;
  std::uint32_t bits;
  std::uint32_t least;
};

/// What a first byte announces; length 0: it is none.
sequence announced(std::uint8_t first) {
  if (first < 0x80)
    return {1, first, 0};
  if ((first & 0xe0U) == 0xc0)
    return {2, first & 0x1fU, 0x80};
  if ((first & 0xf0U) == 0xe0)
    return {3, first & 0x0fU, 0x800};
  if ((first & 0xf8U) == 0xf0)
    return {4, first & 0x07U, 0x10000};
  return {0, 0, 0};
}

/// The length of the character that `text` begins with; 0: it is none.
std::size_t character_length(std::string_view text) {
  const auto [length, first_bits, least]
    = announced(static_cast<std::uint8_t>(text.front()));
  if (length == 0 || text.size() < length)
    return 0;
  auto code = first_bits;
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if ((byte & 0xc0U) != 0x80)
      return 0;
    code = (code << 6U) | (byte & 0x3fU);
  }
  const auto is_surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < least || code > 0x10ffff || is_surrogate ? 0 : length;
}

std::string escape(std::string_view text, bool with_quotes) {
  std::string legal;
  legal.reserve(text.size());
  while (!text.empty()) {
    const auto c = text.front();
    const auto length = character_length(text);
    if (c == '\n')
      legal += "\\n";
    else if (c == '\\' || (c == '"' && with_quotes))
      (legal += '\\') += c;
    // Readers take it for the end of a line, or of the text.
    else if (length == 0 || c == '\r' || c == '\0')
      legal += replacement;
    else
      legal += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return legal;
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

} // namespace

std::string legal_name(std::string_view name) {
  std::string legal{name};
  std::ranges::replace_if(
    legal, [](char c) { return !is_letter(c) && (c < '0' || c > '9'); }, '_');
  if (legal.empty() || !is_letter(legal.front()))
    legal.insert(legal.begin(), '_');
  return legal;
}

std::string escaped(std::string_view text) { return escape(text, true); }

std::string escaped_but_quotes(std::string_view text) {
  return escape(text, false);
}

} // namespace pgtrickle::metrics
