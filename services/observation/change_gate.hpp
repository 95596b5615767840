#pragma once

#include "services/core/ids.hpp"
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
  [[nodiscard]] result<std::vector<oid>> look(postgres::session& db);

private:
  std::string last_snapshot_;
};

} // namespace pgtrickle::observation
