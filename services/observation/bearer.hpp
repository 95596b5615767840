#pragma once
// Whom a token stands for at the moment it is shown.

#include "services/engine/stream_table.hpp"
#include "services/postgres/session.hpp"

#include <chrono>
#include <string>

namespace pgtrickle::observation {

/// What is known of a token, and what its bearer wants.
struct bearer_claim {
  oid role = 0;
  /// Who issued it, and must still be a member of the role.
  oid issuer = 0;
  std::chrono::sys_time<std::chrono::microseconds> issued_at;
  std::string method;
};

/// The role's name and the search_path that its sessions begin with, if it may
/// make the call: as in SQL it needs CONNECT on the database, USAGE on the
/// schema pgtrickle and EXECUTE on the method's function.
/// Errors: call_rejected (the role or the issuer is gone, the issuer is no
/// member any more, the token was revoked), permission_denied, connection_lost.
[[nodiscard]] result<caller> find_bearer(postgres::session& db,
                                         const bearer_claim& claim);

} // namespace pgtrickle::observation
