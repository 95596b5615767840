#pragma once
// Keeps our backends from waiting for those who wait for us.

#include "services/postgres/session.hpp"

#include <string>
#include <vector>

namespace pgtrickle::observation {

/// A backend of ours that works for a caller's backend.
struct working_pair {
  int worker_pid = 0;
  int caller_pid = 0;
};

/// A worker that waits for a lock of its own caller: PostgreSQL can't see this
/// deadlock, for the caller waits for the daemon and not for a lock.
struct blocked_worker {
  int worker_pid = 0;
  /// What the lock is on, for the message.
  std::string object;
};

[[nodiscard]] result<std::vector<blocked_worker>>
blocked_by_caller(postgres::session& db,
                  const std::vector<working_pair>& pairs);

/// A session that has waited for a moment to change or drop what a worker uses.
struct delayed_user {
  int worker_pid = 0;
  int user_pid = 0;
  /// What its lock is on, for the log.
  std::string object;
};

/// Whom the workers keep waiting, one each. Autovacuum gives way to the same.
[[nodiscard]] result<std::vector<delayed_user>>
delayed_by(postgres::session& db, const std::vector<int>& worker_pids);

/// Cancels what the backend is doing.
[[nodiscard]] result<void> cancel_backend(postgres::session& db, int pid);

} // namespace pgtrickle::observation
