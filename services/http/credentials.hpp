#pragma once

#include "services/core/result.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace pgtrickle::http {

/// Who may ask, from a file of lines `name:hash` as htpasswd and
/// `openssl passwd -6` write them. May be used by several threads.
class credentials {
public:
  /// Errors: invalid_argument (no file, nobody in it, a hash that crypt(3) does
  /// not know).
  [[nodiscard]] static result<std::shared_ptr<credentials>>
  read(const std::string& file);

  /// Whether the header Authorization shows one of them and the password.
  [[nodiscard]] bool admit(std::string_view authorization);

private:
  [[nodiscard]] bool matches(const std::string& user,
                             const std::string& password) const;

  std::map<std::string, std::string> hashes_;
  std::mutex mutex_;
  /// A digest of what was admitted last: a good hash takes long to compute, and
  /// a scrape comes each few seconds.
  std::string admitted_;
};

} // namespace pgtrickle::http
