#include "services/bus/authentication.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace pgtrickle::bus {

std::string hmac_sha256(std::string_view secret, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       digest.data(), &length);
  return {reinterpret_cast<const char*>(digest.data()), length};
}

bool signature_matches(std::string_view secret, std::string_view text,
                       std::string_view signature) {
  const auto expected = hmac_sha256(secret, text);
  return !secret.empty() && signature.size() == expected.size()
         && CRYPTO_memcmp(signature.data(), expected.data(), expected.size())
              == 0;
}

result<void> replay_guard::admit(const std::string& id, database_time issued_at,
                                 database_time now) {
  if (issued_at < now - window)
    return fail(errc::call_rejected, "call is too old", "Repeat the call.");
  if (issued_at < start_)
    return fail(errc::taking_over,
                "call was issued before the daemon took the database over",
                "Repeat the call.");
  if (issued_at > now + window)
    return fail(errc::call_rejected, "call was issued in the future",
                "Check the clock of the database server.");
  forget_before(now - window);
  if (by_age_.size() >= max_remembered)
    return fail(errc::overloaded, "too many calls within a minute",
                "Repeat the call later.");
  if (!seen_.insert(id).second)
    return fail(errc::call_rejected, "call was already made");
  // Kept until the window has passed its arrival *and* its issue.
  by_age_.emplace_back(std::max(now, issued_at), id);
  return {};
}

void replay_guard::forget_before(database_time moment) {
  while (!by_age_.empty() && by_age_.front().first < moment) {
    seen_.erase(by_age_.front().second);
    by_age_.pop_front();
  }
}

} // namespace pgtrickle::bus
