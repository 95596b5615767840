#pragma once
// The stream table that a call about snapshots names.

#include "services/engine/stream_table.hpp"
#include "services/postgres/session.hpp"

#include <string>

namespace pgtrickle::snapshots {

struct subject {
  stream_table_id id{};
  oid relid = 0;
  /// Quoted and qualified.
  std::string name;
  std::string refresh_mode;
};

/// Finds it in a transaction of its own: what is done to it begins with a lock,
/// before that transaction has a snapshot.
/// Errors: stream_table_not_found, permission_denied unless `by` owns it.
[[nodiscard]] result<subject>
find_subject(postgres::session& db, const caller& by, const std::string& name);

} // namespace pgtrickle::snapshots
