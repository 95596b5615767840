#pragma once
// Who works on a database: one daemon at a time.

#include "services/coordination/database_clock.hpp"
#include "services/engine/stream_table.hpp"
#include "services/postgres/session.hpp"

#include <string>

namespace pgtrickle::observation {

/// What a daemon must know of a database that it has come to own.
struct database_facts {
  /// PostgreSQL's system identifier.
  std::string cluster;
  oid id = 0;
  std::string name;
  ownership fence;
  /// The key of the calls' signatures: never logged.
  std::string secret;
  database_clock clock;
  /// Of the extension.
  std::string version;
};

/// `gone`: the extension, or the whole database, was dropped. `too_new`: the
/// extension is of a later release than the daemon, which can't know what its
/// catalog means.
enum class claim : std::uint8_t {
  owned,
  owned_by_other,
  on_standby,
  gone,
  too_new
};

/// Who claims.
struct claimant {
  std::string node;
  /// Of the daemon.
  std::string version;
};

struct claim_outcome {
  claim state = claim::owned_by_other;
  database_facts facts;
};

/// Tries to own the database of `db`, which should be `expected`, for as long
/// as the session lives; waits for another owner to let go as long as the
/// session's lock_timeout says. Errors: connection_lost.
[[nodiscard]] result<claim_outcome>
claim_ownership(postgres::session& db, const claimant& by, oid expected);

/// Ends the sessions of an owner that was silent for `lease`: it was stopped,
/// or cut off. So it does with a session of another role that holds the owner's
/// lock, which makes it no owner. Returns what they called themselves.
[[nodiscard]] result<std::vector<std::string>>
end_silent_owner(postgres::session& db, std::chrono::milliseconds lease);

/// Starts to listen to what the extension tells whoever owns the database, and
/// prepares to confirm that these are still the facts.
[[nodiscard]] result<void> begin_to_watch(postgres::session& db,
                                          const database_facts& facts);

/// Whether the epoch is still the database's, without a lock: a transaction
/// that writes asks catalog::check_fence. Errors: fenced, also when stream
/// tables were loaded from a dump or the extension was updated: only whoever
/// claims the database anew may go on.
[[nodiscard]] result<void> confirm_ownership(postgres::session& db);

} // namespace pgtrickle::observation
