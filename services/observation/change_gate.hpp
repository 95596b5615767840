#pragma once

#include "services/core/ids.hpp"
#include "services/postgres/session.hpp"

#include <string>
#include <vector>

namespace pgtrickle::observation {

/// Learns which sources were written to, by one statement over one session.
/// When no transaction of the whole PostgreSQL cluster has ended since the last
/// look, it reads no table.
class change_gate {
public:
  /// The sources that transactions touched which have become visible since
  /// the last look; none at the first one, which only remembers the snapshot.
  [[nodiscard]] result<std::vector<oid>> look(postgres::session& db);

private:
  [[nodiscard]] result<std::vector<oid>> begin(postgres::session& db);

  std::string last_snapshot_;
};

} // namespace pgtrickle::observation
