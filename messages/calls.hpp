#pragma once
// Calls from SQL, on their way through the daemon.

#include "services/core/ids.hpp"
#include "services/core/result.hpp"
#include "services/engine/stream_table.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <atomic>
#include <memory>
#include <string>

namespace pgtrickle {

/// Ties work to the call it is done for.
struct call_ticket {
  /// Empty: no caller waits.
  std::string id;
  /// The caller's server process: its locks must not be waited for.
  int backend_pid = 0;
  /// Set by the gateway: what has not begun must not begin any more.
  std::shared_ptr<std::atomic<bool>> cancelled = {};

  [[nodiscard]] bool is_cancelled() const { return cancelled && *cancelled; }
};

/// A call whose signature, age and uniqueness were checked.
struct call {
  call_ticket ticket;
  std::string method;
  /// One JSON object: argument name to value.
  std::string arguments;
  caller by;
};

/// What a call came to: the result as JSON text, or why there is none.
struct call_outcome {
  result<std::string> json;
};

/// Something to tell the caller while the call goes on.
struct call_notice {
  std::string call_id;
  std::string text;
};

/// The caller gave up, or its time is over: work for it must stop.
struct call_cancelled {
  std::string call_id;
};

/// A call was given up by someone other than who works on it.
struct call_refused {
  std::string call_id;
  failure reason;
};

/// Why a call has no outcome when a part of the daemon ended under it.
inline failure call_interrupted() {
  return {errc::connection_lost,
          "the daemon was interrupted while it worked on the call",
          {},
          "See whether the call had an effect, and repeat it."};
}

/// A backend of ours works, perhaps for a call; it can be cancelled.
struct work_started {
  int worker_pid = 0;
  call_ticket ticket;
  /// The stream tables that the scheduler has refreshed; none: a user waits.
  std::vector<stream_table_id> scheduled = {};
};

struct work_finished {
  int worker_pid = 0;
};

/// All work in progress must stop: the daemon shuts down.
struct work_halted {};

/// Calls that came true with a COMMIT wait in pgtrickle.pending_calls.
struct pending_calls_waiting {};

} // namespace pgtrickle

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::call)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::call_outcome)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::call_notice)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::call_cancelled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::call_refused)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::work_started)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::work_finished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::work_halted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::pending_calls_waiting)
