#pragma once
// When a restored database may be adopted.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace pgtrickle::engine {

/// How far the loading of a dump has come, as seen from outside.
struct restore_progress {
  /// Who may be loading it at this moment; empty: nobody.
  std::string restoring;
  /// Stream tables of which something is missing.
  std::size_t incomplete = 0;
};

/// A dump that is being loaded has no end mark: its last commands are rights
/// and triggers, and what they name must still be there. So a database is
/// adopted once nobody seems to be loading it any more.
class adoption_gate {
public:
  using time = std::chrono::steady_clock::time_point;

  /// Loading in parallel, pg_restore is not connected for moments.
  static constexpr std::chrono::seconds pause{2};
  /// How long a part of what is missing may be on its way.
  static constexpr std::chrono::seconds patience{60};

  /// Whether to adopt the database now.
  [[nodiscard]] bool opens(const restore_progress& seen, time now);

private:
  std::optional<time> first_seen_;
  std::optional<time> restoring_at_;
};

} // namespace pgtrickle::engine
