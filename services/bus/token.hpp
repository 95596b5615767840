#pragma once
// What pgtrickle.issue_token() made, looked at from the other side.

#include "services/bus/authentication.hpp"
#include "services/bus/subjects.hpp"

namespace pgtrickle::bus {

/// What a token says of its bearer.
struct token {
  /// Unique for ever.
  std::string id;
  /// Whom the bearer calls as, and who vouched for it.
  oid role = 0;
  oid issuer = 0;
  database_time issued_at;
  database_time expires_at;
};

/// The longest text that is looked at.
inline constexpr std::size_t max_token_bytes = 4096;

/// The key that signs a database's tokens.
[[nodiscard]] std::string token_key(std::string_view secret);

/// Reads `text` if it was signed under `secret` for this database and is not
/// over. Whether its role still exists is for the database to say.
/// Error: call_rejected.
[[nodiscard]] result<token> verify_token(std::string_view text,
                                         std::string_view secret,
                                         const database_address& address,
                                         database_time now);

/// Without padding, in the alphabet of URLs.
[[nodiscard]] std::string base64url(std::string_view bytes);

} // namespace pgtrickle::bus
