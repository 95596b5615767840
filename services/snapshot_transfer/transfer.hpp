#pragma once

#include "services/scheduling/backoff.hpp"
#include "services/snapshot_transfer/endpoints.hpp"
#include "services/snapshot_transfer/progress.hpp"

#include <functional>

namespace pgtrickle::snapshot_transfer {

struct transfer_options {
  /// How many failed attempts in a row end it.
  int retries = 10;
  backoff delay{std::chrono::milliseconds{500},
                std::chrono::milliseconds{30'000}, 0.3};
  /// Ends a pause once it is readable; -1: never.
  int interrupt_fd = -1;
};

/// What a transfer tells while it runs.
struct transfer_events {
  std::function<void(const progress_meter&)> on_progress;
  /// A sentence without its full stop.
  std::function<void(const std::string&)> on_message;
};

/// Brings what `source` has to `target`. When a connection breaks it connects
/// anew and goes on behind the last piece that the target has kept. Errors:
/// cancelled, connection_lost after the last attempt, snapshot_corrupt,
/// wrong_state when the snapshot is another one than before, and whatever
/// either side fails with.
[[nodiscard]] result<transfer_report> transfer(row_source& source,
                                               row_target& target,
                                               const transfer_options& options,
                                               const transfer_events& events);

} // namespace pgtrickle::snapshot_transfer
