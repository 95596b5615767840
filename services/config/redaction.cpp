#include "services/config/redaction.hpp"

#include <algorithm>
#include <array>

namespace pgtrickle::config {

namespace {

constexpr std::string_view mask = "***";
constexpr std::string_view blank = " \t\n\r\f\v";
constexpr std::string_view separator = "://";

/// Keywords of libpq whose values are secrets.
bool is_secret(std::string_view keyword) {
  constexpr std::array<std::string_view, 5> secrets{
    "password", "sslpassword", "scram_client_key", "scram_server_key",
    "oauth_client_secret"};
  return std::find(secrets.begin(), secrets.end(), keyword) != secrets.end();
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_postgres(std::string_view scheme) {
  return scheme == "postgres" || scheme == "postgresql";
}

bool is_uri(std::string_view text) {
  const auto end = text.find(separator);
  return end != std::string_view::npos && end > 0
         && std::all_of(text.begin(), text.begin() + static_cast<long>(end),
                        is_letter);
}

// -- URIs
// ----------------------------------------------------------------------

/// The query of a URI, `?` first.
std::string redacted_query(std::string_view query) {
  std::string text;
  while (!query.empty()) {
    const auto end = std::min(query.find_first_of("&,", 1), query.size());
    const auto parameter = query.substr(0, end);
    const auto equals = parameter.find('=');
    // A keyword with percent signs may be any.
    const auto keyword = parameter.substr(1, equals - 1);
    if (equals != std::string_view::npos
        && (is_secret(keyword) || keyword.find('%') != std::string_view::npos))
      text.append(parameter.substr(0, equals + 1)).append(mask);
    else
      text.append(parameter);
    query.remove_prefix(end);
  }
  return text;
}

/// `rest` is what follows the scheme of one URI. Up to its last `@`, all may
/// belong to a password that somebody forgot to encode.
std::string redacted_uri(std::string_view scheme, std::string_view rest) {
  std::string text{scheme};
  text += separator;
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    const auto user = rest.substr(0, at);
    const auto colon = user.find(':');
    // A NATS URI may have a token where others have a user.
    if (colon != std::string_view::npos)
      text.append(user.substr(0, colon)).append(":").append(mask);
    else
      text.append(is_postgres(scheme) ? user : mask);
    text += '@';
    rest.remove_prefix(at + 1);
  }
  const auto query = std::min(rest.find('?'), rest.size());
  text += rest.substr(0, query);
  return text + redacted_query(rest.substr(query));
}

/// Where the next URI of a list begins: after a comma that a scheme follows.
std::size_t end_of_uri(std::string_view text) {
  for (auto comma = text.find(','); comma != std::string_view::npos;
       comma = text.find(',', comma + 1))
    if (is_uri(text.substr(
          std::min(text.find_first_not_of(blank, comma + 1), text.size()))))
      return comma;
  return text.size();
}

std::string redacted_uris(std::string_view text) {
  const auto end = end_of_uri(text);
  const auto uri = text.substr(0, end);
  const auto scheme_end = uri.find(separator);
  auto first = redacted_uri(uri.substr(0, scheme_end),
                            uri.substr(scheme_end + separator.size()));
  if (end == text.size())
    return first;
  const auto next = text.find_first_not_of(blank, end + 1);
  return first + "," + redacted_uris(text.substr(next));
}

// -- keywords and values
// -------------------------------------------------------

/// The length of the value at the beginning of `text`, quotes included.
std::size_t value_length(std::string_view text) {
  const auto quoted = text.starts_with('\'');
  for (std::size_t i = quoted ? 1 : 0; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (quoted && text[i] == '\'')
      return i + 1;
    else if (!quoted && blank.find(text[i]) != std::string_view::npos)
      return i;
  }
  return text.size();
}

std::string redacted_pairs(std::string_view text) {
  std::string shown;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(blank), text.size()));
    if (text.empty())
      return shown;
    if (!shown.empty())
      shown += ' ';
    const auto equals = text.find('=');
    if (equals == std::string_view::npos)
      return shown.append(mask);
    auto keyword = text.substr(0, equals);
    keyword = keyword.substr(0, keyword.find_last_not_of(blank) + 1);
    if (keyword.find_first_of(blank) != std::string_view::npos)
      return shown.append(mask);
    text.remove_prefix(equals + 1);
    text.remove_prefix(std::min(text.find_first_not_of(blank), text.size()));
    const auto length = value_length(text);
    shown.append(keyword).append("=");
    shown.append(is_secret(keyword) ? mask : text.substr(0, length));
    text.remove_prefix(length);
  }
}

} // namespace

std::string redacted(std::string_view text) {
  return is_uri(text) ? redacted_uris(text) : redacted_pairs(text);
}

} // namespace pgtrickle::config
