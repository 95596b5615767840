#pragma once

#include "services/core/ids.hpp"
#include "services/observation/ownership.hpp"
#include "services/postgres/session.hpp"

#include <string>
#include <vector>

namespace pgtrickle::observation {

/// Learns which sources were written to, by one statement over one session.
/// When no transaction of the whole PostgreSQL cluster has ended since the last
/// look, it reads no table.
class change_gate {
public:
  /// Remembers the snapshot: what was there before is not told.
  [[nodiscard]] result<void> begin(postgres::session& db,
                                   const database_facts& facts);

  /// The sources that transactions touched which have become visible since
  /// the last look. Errors: fenced, as confirm_ownership says.
  [[nodiscard]] result<std::vector<oid>> look(postgres::session& db);

private:
  std::string last_snapshot_;
};

} // namespace pgtrickle::observation
