#pragma once
// When and how stream tables are brought up to date.

#include "messages/calls.hpp"
#include "services/engine/refresh.hpp"
#include "services/scheduling/scheduled_table.hpp"

#include <optional>
#include <set>

namespace pgtrickle {

/// All stream tables of the database, as the catalog had them. Listings come
/// from several sessions, so that an older one may arrive after a newer.
struct stream_tables_listed {
  stream_table_listing listing;
};

/// Transactions that wrote to these relations have committed.
struct sources_touched {
  std::vector<oid> sources;
  /// When the watcher had looked before.
  wall_time since;
};

/// Changes of these relations are to be seen as soon as possible.
struct sources_awaited {
  std::set<oid> sources;
};

/// Look for touched sources now.
struct look_request {};

/// Refresh this stream table now, and first what it reads.
struct refresh_request {
  stream_table_id id{};
  engine::initiator by = engine::initiator::manual;
  call_ticket ticket;
  /// The catalog, when it has just changed: a new table is then filled by
  /// this request, and not first by its schedule.
  std::optional<stream_tables_listed> catalog = {};
};

/// An order for a worker.
struct refresh_task {
  engine::refresh_order order;
  call_ticket ticket;
  /// When it should have begun, if it is the scheduler's.
  steady_time deadline{};
};

/// What became of an order.
struct refresh_result {
  result<std::vector<engine::refresh_outcome>> outcomes;
  /// When the worker began: the data are at least as new.
  moment began;
};

/// Something in the calendar has fallen due.
struct calendar_due {};

/// Captured changes that every consumer has passed are to be deleted.
struct sweep_due {};

struct sweep_request {};

struct sweep_report {
  result<std::int64_t> deleted;
};

/// How busy the workers are.
struct worker_load {
  std::uint32_t active = 0;
  std::uint32_t waiting = 0;
  /// Those of them that should have begun by now.
  std::uint32_t late = 0;
};

/// Refreshes fall due faster than workers carry them out.
struct queue_behind {
  worker_load load;
};

} // namespace pgtrickle

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::stream_tables_listed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::sources_touched)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::sources_awaited)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::look_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::refresh_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::refresh_task)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::refresh_result)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::calendar_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::sweep_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::sweep_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::sweep_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::worker_load)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::queue_behind)
