#include "services/http/credentials.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <crypt.h>
#include <fstream>
#include <memory>

namespace pgtrickle::http {

namespace {

/// Where nobody has the name: as much work, so that time does not tell.
constexpr auto nobody = "$6$pgtrickle$";

std::string hashed(const std::string& password, const std::string& setting) {
  const auto space = std::make_unique<crypt_data>();
  const auto* hash = crypt_r(password.c_str(), setting.c_str(), space.get());
  return hash == nullptr || hash[0] == '*' ? "" : hash;
}

bool equal(std::string_view a, std::string_view b) {
  return a.size() == b.size()
         && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string digest(std::string_view text) {
  std::string bytes(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(bytes.data()));
  return bytes;
}

/// Empty: it is no base64.
std::string from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0)
    return {};
  std::string bytes(text.size() / 4 * 3, '\0');
  const auto size
    = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  if (size < 0)
    return {};
  const auto padding = text.ends_with("==")  ? 2U
                       : text.ends_with('=') ? 1U
                                             : 0U;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

} // namespace

result<std::shared_ptr<credentials>>
credentials::read(const std::string& file) {
  std::ifstream lines{file};
  const auto wrong = [&](std::string_view what) {
    return fail(errc::invalid_argument,
                fmt::format("http: file of users \"{}\": {}", file, what),
                "Write lines name:hash, for example by htpasswd -B.");
  };
  if (!lines)
    return wrong("it cannot be read");
  auto read = std::make_shared<credentials>();
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.starts_with('#'))
      continue;
    const auto colon = line.find(':');
    if (colon == std::string::npos)
      return wrong("a line has no colon");
    auto hash = line.substr(colon + 1);
    // Without a dollar it would be the old DES, or a password.
    if (!hash.starts_with('$') || hashed("", hash).empty())
      return wrong("a hash in it is none of crypt(3)");
    read->hashes_[line.substr(0, colon)] = std::move(hash);
  }
  if (read->hashes_.empty())
    return wrong("it names nobody");
  return read;
}

bool credentials::admit(std::string_view authorization) {
  constexpr std::string_view scheme = "basic ";
  if (authorization.size() <= scheme.size()
      || !std::equal(scheme.begin(), scheme.end(), authorization.begin(),
                     [](char a, char b) { return a == (b | ' '); }))
    return false;
  const auto shown = digest(authorization);
  {
    const std::scoped_lock lock{mutex_};
    if (equal(admitted_, shown))
      return true;
  }
  const auto pair = from_base64(authorization.substr(scheme.size()));
  const auto colon = pair.find(':');
  if (colon == std::string::npos
      || !matches(pair.substr(0, colon), pair.substr(colon + 1)))
    return false;
  const std::scoped_lock lock{mutex_};
  admitted_ = shown;
  return true;
}

bool credentials::matches(const std::string& user,
                          const std::string& password) const {
  const auto found = hashes_.find(user);
  const auto is_known = found != hashes_.end();
  const auto hash = hashed(password, is_known ? found->second : nobody);
  return is_known && !hash.empty() && equal(hash, found->second);
}

} // namespace pgtrickle::http
