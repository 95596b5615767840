#pragma once

#include "services/coordination/log_throttle.hpp"
#include "services/engine/adoption.hpp"

namespace pgtrickle {

/// Has a database adopted that was loaded from a dump, and logs it. Part of the
/// watcher.
class restored_adopter {
public:
  using time = std::chrono::steady_clock::time_point;

  /// Whether the database is ready to be worked on. False: it is restored, and
  /// to be asked about again soon.
  [[nodiscard]] result<bool> adopt(postgres::session& db,
                                   const std::string& database, ownership fence,
                                   time now);

private:
  engine::adoption_gate gate_;
  std::string first_seen_;
  log_throttle waits_{std::chrono::seconds{30}};
};

} // namespace pgtrickle
