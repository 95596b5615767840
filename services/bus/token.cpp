#include "services/bus/token.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <openssl/crypto.h>

#include <array>
#include <cmath>

namespace pgtrickle::bus {

namespace {

constexpr std::string_view alphabet
  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// `{"alg":"HS256","typ":"JWT"}`: a token cannot choose another algorithm.
constexpr std::string_view header = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.";

constexpr auto issue_another
  = "Issue another one with pgtrickle.issue_token().";

std::optional<std::string> decoded(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const auto value = alphabet.find(c);
    if (value == std::string_view::npos)
      return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8)
      continue;
    held -= 8;
    bytes.push_back(
      static_cast<char>((bits >> static_cast<unsigned>(held)) & 0xffU));
  }
  return bytes;
}

bool is_signature(std::string_view given, std::string_view expected) {
  return given.size() == expected.size()
         && CRYPTO_memcmp(given.data(), expected.data(), given.size()) == 0;
}

database_time moment(const nlohmann::json& claims, const char* name) {
  return database_time{std::chrono::microseconds{
    std::llround(claims.at(name).get<double>() * 1e6)}};
}

/// Only of what was signed: the keys are there.
token read_claims(const nlohmann::json& claims) {
  return {claims.at("jti").get<std::string>(), claims.at("role").get<oid>(),
          claims.at("issuer").get<oid>(), moment(claims, "iat"),
          moment(claims, "exp")};
}

result<token> check_claims(const nlohmann::json& claims,
                           const database_address& address, database_time now) {
  if (claims.value("aud", "")
      != fmt::format("{}.{}", address.cluster, address.database))
    return fail(errc::call_rejected, "token is for another database",
                issue_another);
  auto read = read_claims(claims);
  if (read.expires_at <= now)
    return fail(errc::call_rejected, "token has expired", issue_another);
  return read;
}

} // namespace

std::string token_key(std::string_view secret) {
  return hmac_sha256(secret, "pgtrickle token");
}

std::string base64url(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int held = 0;
  for (const unsigned char c : bytes) {
    bits = (bits << 8U) | c;
    for (held += 8; held >= 6; held -= 6)
      text += alphabet[(bits >> static_cast<unsigned>(held - 6)) & 63U];
  }
  if (held > 0)
    text += alphabet[(bits << static_cast<unsigned>(6 - held)) & 63U];
  return text;
}

result<token> verify_token(std::string_view text, std::string_view secret,
                           const database_address& address, database_time now) {
  const auto end = text.rfind('.');
  if (secret.empty() || text.size() > max_token_bytes
      || !text.starts_with(header) || end < header.size())
    return fail(errc::call_rejected, "token is none of pgtrickle's",
                "Issue one with pgtrickle.issue_token().");
  const auto expected
    = base64url(hmac_sha256(token_key(secret), text.substr(0, end)));
  if (!is_signature(text.substr(end + 1), expected))
    return fail(errc::call_rejected, "token is not signed by this database",
                issue_another);
  const auto claims = decoded(text.substr(header.size(), end - header.size()));
  auto parsed = nlohmann::json::parse(claims.value_or(""), nullptr, false);
  if (!parsed.is_object())
    return fail(errc::call_rejected, "token cannot be read", issue_another);
  return check_claims(parsed, address, now);
}

} // namespace pgtrickle::bus
