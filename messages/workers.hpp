#pragma once
// Who may keep how many workers busy.

#include "services/coordination/worker_shares.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/make_message.hpp>

namespace pgtrickle {

/// What all nodes want of the workers, as they reported last.
struct workers_demanded {
  std::string own_node;
  /// The workers of the PostgreSQL cluster, and the databases that share them.
  std::uint32_t total = 1;
  std::uint32_t databases = 1;
  /// The live nodes, this one among them.
  std::vector<node_demand> nodes;
  /// Nothing is heard of other nodes: they may need all that is not ours.
  bool is_cut_off = false;
};

/// A refresh of the database waits for a worker.
struct slot_wanted {
  oid database = 0;
  /// pg_trickle.per_database_worker_quota; 0: an equal part.
  std::uint32_t quota = 0;
};

/// One worker may begin.
struct slot_granted {};

/// A worker that was granted is free again.
struct slot_returned {
  oid database = 0;
};

/// Workers that have been idle for long are to end.
struct rest_due {};

} // namespace pgtrickle

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::workers_demanded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::slot_wanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::slot_granted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::slot_returned)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::rest_due)
