#pragma once

#include "services/core/ids.hpp"
#include "services/engine/stream_table.hpp"
#include "services/postgres/session.hpp"

#include <string>
#include <vector>

namespace pgtrickle::observation {

/// Learns which sources were written to. When no transaction of the whole
/// PostgreSQL cluster has ended since the last look, one function call tells.
class change_gate {
public:
  /// The sources that transactions touched which have become visible since
  /// the last look; none at the first one, which only remembers the snapshot.
  /// Now and then it deletes what it has read.
  [[nodiscard]] result<std::vector<oid>> look(postgres::session& db,
                                              ownership fence);

private:
  std::string last_snapshot_;
  std::size_t read_since_sweep_ = 0;
};

} // namespace pgtrickle::observation
