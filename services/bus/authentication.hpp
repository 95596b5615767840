#pragma once
// Proof that a call came through the extension, and only once.

#include "services/core/result.hpp"

#include <chrono>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>

namespace pgtrickle::bus {

/// Microseconds since the Unix epoch by the database's clock.
using database_time = std::chrono::sys_time<std::chrono::microseconds>;

/// HMAC-SHA256 of `text` under `secret`: 32 bytes.
[[nodiscard]] std::string hmac_sha256(std::string_view secret,
                                      std::string_view text);

/// Whether `signature` is that of `text`, in time that tells nothing.
[[nodiscard]] bool signature_matches(std::string_view secret,
                                     std::string_view text,
                                     std::string_view signature);

/// Admits each call once, and only while it is young.
class replay_guard {
public:
  /// A call older than this, or as far ahead of time, is refused.
  static constexpr std::chrono::seconds window{60};
  static constexpr std::size_t max_remembered = 100'000;

  /// Refuses what was issued before `start`: it may have been carried out by
  /// a daemon whose memory is gone.
  explicit replay_guard(database_time start) : start_(start) {}

  /// Errors: taking_over (issued before `start`), call_rejected (too old, from
  /// the future, seen before), overloaded (more calls within the window than
  /// can be remembered).
  [[nodiscard]] result<void> admit(const std::string& id,
                                   database_time issued_at, database_time now);

private:
  void forget_before(database_time moment);

  database_time start_;
  std::unordered_set<std::string> seen_;
  std::deque<std::pair<database_time, std::string>> by_age_;
};

} // namespace pgtrickle::bus
