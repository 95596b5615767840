#pragma once

#include "services/catalog/stream_table_store.hpp"
#include "services/engine/refresh.hpp"
#include "services/engine/source_changes.hpp"

namespace pgtrickle::engine {

/// A stream table of an order on its way through a refresh.
struct work_item {
  catalog::stored_stream_table table;
  /// What it reads; left empty when it is alone in its order.
  std::set<oid> sources;
  bool must_run = false;
  /// Whether what it reads has changed, if that was found out when it was
  /// loaded.
  std::optional<bool> changed;
  /// What is new in its sources, if that is known before its turn comes: a
  /// source that is refreshed in the same order changes until then.
  std::optional<changes_by_source> changes;
  /// 0: none is open yet.
  std::int64_t history_id = 0;
  refresh_outcome outcome;
  /// When its turn in the transaction came, on the monotonic clock.
  std::chrono::steady_clock::time_point began;

  [[nodiscard]] bool runs() const { return must_run && !outcome.error; }
};

} // namespace pgtrickle::engine
