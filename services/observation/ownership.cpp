#include "services/observation/ownership.hpp"

#include "services/core/version.hpp"
#include "services/observation/situation.hpp"

#include <fmt/format.h>

namespace pgtrickle::observation {

namespace {

constexpr auto situation
  = "SELECT pg_is_in_recovery(),"
    " (SELECT extversion FROM pg_extension WHERE extname = 'pg_trickle'),"
    " (SELECT system_identifier FROM pg_control_system()),"
    " (SELECT oid FROM pg_database WHERE datname = current_database()),"
    " current_database()";

constexpr auto next_epoch
  = "UPDATE pgtrickle.pgt_owner SET node = $1, epoch = epoch + 1,"
    " acquired_at = clock_timestamp() RETURNING epoch";

// How long to wait for a session that was told to end.
constexpr std::chrono::milliseconds farewell{2000};

// Holders that are no node's, or whose node is silent, and all that the same
// node has in this database.
constexpr auto end_holder
  = "WITH holder AS (SELECT a.pid, a.application_name,"
    "  a.usesysid IS DISTINCT FROM current_user::regrole AS is_foreign,"
    "  a.state <> 'active' OR a.wait_event = 'ClientWrite' AS is_idle,"
    "  a.state_change"
    "  FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    "  WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted"
    "  AND l.database = (SELECT oid FROM pg_database"
    "   WHERE datname = current_database())"
    "  AND (l.classid::bigint << 32) | l.objid::bigint = {})"
    " SELECT h.application_name, h.is_foreign,"
    "  (SELECT count(pg_terminate_backend(a.pid, {})) FROM pg_stat_activity a"
    "   WHERE a.pid = h.pid OR NOT h.is_foreign"
    "   AND a.datname = current_database() AND a.usesysid = "
    "   current_user::regrole AND a.application_name LIKE 'pgtrickle %@%'"
    "   AND split_part(a.application_name, '@', 2)"
    "    = split_part(h.application_name, '@', 2))"
    " FROM holder h WHERE h.is_foreign OR h.is_idle"
    "  AND clock_timestamp() - h.state_change >= interval '{} milliseconds'";

// What an owner that lost the database without knowing left at work there: it
// could commit nothing, but hold locks.
constexpr auto end_leftovers
  = "SELECT pg_terminate_backend(pid, {}) FROM pg_stat_activity"
    " WHERE datname = current_database() AND usesysid = current_user::regrole"
    " AND application_name LIKE 'pgtrickle %@%'"
    " AND application_name NOT LIKE 'pgtrickle watcher@%'"
    " AND application_name NOT LIKE 'pgtrickle node@%'"
    " AND split_part(application_name, '@', 2) <> $1";

constexpr auto secret_and_time
  = "SELECT secret, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    " FROM pgtrickle.pgt_secret";

database_facts take_over(pqxx::dbtransaction& tx, const std::string& node,
                         database_facts facts) {
  tx.exec("SELECT pgtrickle._settle_home()");
  tx.exec_params(fmt::format(end_leftovers, farewell.count()), node);
  facts.fence.epoch = tx.exec_params1(next_epoch, node)[0].as<std::int64_t>();
  const auto row = tx.exec1(secret_and_time);
  facts.secret = pqxx::binarystring{row[0]}.str();
  facts.clock = {database_clock::database_time{
                   std::chrono::microseconds{row[1].as<std::int64_t>()}},
                 std::chrono::steady_clock::now()};
  return facts;
}

/// Whether the database can be owned, and by whom is not asked yet.
claim_outcome situation_in(pqxx::dbtransaction& tx, const claimant& by,
                           oid expected) {
  const auto row = tx.exec1(situation);
  database_facts facts;
  facts.cluster = row[2].as<std::string>();
  facts.id = row[3].as<oid>();
  facts.name = row[4].as<std::string>();
  if (row[0].as<bool>())
    return {claim::on_standby, std::move(facts)};
  // Another database may bear the name of one that was dropped.
  if (row[1].is_null() || facts.id != expected)
    return {claim::gone, std::move(facts)};
  facts.version = row[1].as<std::string>();
  if (is_newer(facts.version, by.version))
    return {claim::too_new, std::move(facts)};
  return {claim::owned, std::move(facts)};
}

/// Held until the session ends; waits for it as long as for any other lock, in
/// sight of the owner. False: another session has it.
result<bool> take_lock(postgres::session& db) {
  const auto taken
    = db.exec(fmt::format("SELECT pg_advisory_lock({})", owner_lock));
  if (taken)
    return true;
  if (taken.error().code == errc::lock_unavailable)
    return false;
  return tl::unexpected(taken.error());
}

} // namespace

result<claim_outcome> claim_ownership(postgres::session& db, const claimant& by,
                                      oid expected) {
  auto outcome = db.run<claim_outcome>(
    postgres::isolation::read_committed,
    [&](pqxx::dbtransaction& tx) { return situation_in(tx, by, expected); });
  if (!outcome || outcome->state != claim::owned)
    return outcome;
  const auto locked = take_lock(db);
  if (!locked)
    return tl::unexpected(locked.error());
  if (!*locked) {
    outcome->state = claim::owned_by_other;
    return outcome;
  }
  return db.run<claim_outcome>(
    postgres::isolation::read_committed,
    [&](pqxx::dbtransaction& tx) -> claim_outcome {
      return {claim::owned, take_over(tx, by.node, std::move(outcome->facts))};
    });
}

result<std::vector<std::string>>
end_silent_owner(postgres::session& db, std::chrono::milliseconds lease) {
  return db
    .exec(fmt::format(end_holder, owner_lock, farewell.count(), lease.count()))
    .map([](const pqxx::result& rows) {
      std::vector<std::string> ended;
      for (const auto& row : rows)
        ended.push_back(row[0].as<std::string>(""));
      return ended;
    });
}

result<void> begin_to_watch(postgres::session& db,
                            const database_facts& facts) {
  for (const auto* channel :
       {"pgtrickle_calls", "pgtrickle_catalog", "pg_trickle_alert"})
    if (auto listening = db.listen(channel); !listening)
      return listening;
  return db
    .exec(fmt::format("PREPARE pgt_confirm AS SELECT "
                      "pgtrickle._fenced_because({}, {})",
                      facts.fence.epoch, db.raw().quote(facts.version)))
    .map([](const pqxx::result&) {});
}

result<void> confirm_ownership(postgres::session& db) {
  return db.exec("EXECUTE pgt_confirm")
    .and_then([](const pqxx::result& rows) -> result<void> {
      if (!rows[0][0].is_null())
        return fail(errc::fenced, rows[0][0].as<std::string>());
      return {};
    });
}

} // namespace pgtrickle::observation
