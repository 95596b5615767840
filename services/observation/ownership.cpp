#include "services/observation/ownership.hpp"

#include <fmt/format.h>

namespace pgtrickle::observation {

namespace {

constexpr auto claim_lock
  = "SELECT pg_try_advisory_lock(hashtextextended('pgtrickle owner', 0))";

constexpr auto situation
  = "SELECT pg_is_in_recovery(),"
    " EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trickle'),"
    " (SELECT system_identifier FROM pg_control_system()),"
    " (SELECT oid FROM pg_database WHERE datname = current_database()),"
    " current_database()";

constexpr auto next_epoch
  = "UPDATE pgtrickle.pgt_owner SET node = $1, epoch = epoch + 1,"
    " acquired_at = clock_timestamp() RETURNING epoch";

constexpr auto secret_and_time
  = "SELECT secret, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    " FROM pgtrickle.pgt_secret";

database_facts take_over(pqxx::dbtransaction& tx, const std::string& node,
                         database_facts facts) {
  tx.exec("SELECT pgtrickle._settle_home()");
  facts.fence.epoch = tx.exec_params1(next_epoch, node)[0].as<std::int64_t>();
  const auto row = tx.exec1(secret_and_time);
  facts.secret = pqxx::binarystring{row[0]}.str();
  facts.clock = {database_clock::database_time{
                   std::chrono::microseconds{row[1].as<std::int64_t>()}},
                 std::chrono::steady_clock::now()};
  return facts;
}

claim_outcome claim_in(pqxx::dbtransaction& tx, const std::string& node,
                       oid expected) {
  const auto row = tx.exec1(situation);
  database_facts facts;
  facts.cluster = row[2].as<std::string>();
  facts.id = row[3].as<oid>();
  facts.name = row[4].as<std::string>();
  if (row[0].as<bool>())
    return {claim::on_standby, std::move(facts)};
  // Another database may bear the name of one that was dropped.
  if (!row[1].as<bool>() || facts.id != expected)
    return {claim::gone, std::move(facts)};
  // Not part of the transaction: held until the session ends.
  if (!tx.exec1(claim_lock)[0].as<bool>())
    return {claim::owned_by_other, std::move(facts)};
  return {claim::owned, take_over(tx, node, std::move(facts))};
}

} // namespace

result<claim_outcome> claim_ownership(postgres::session& db,
                                      const std::string& node, oid expected) {
  return db.run<claim_outcome>(
    postgres::isolation::read_committed,
    [&](pqxx::dbtransaction& tx) { return claim_in(tx, node, expected); });
}

result<void> listen(postgres::session& db) {
  for (const auto* channel :
       {"pgtrickle_calls", "pgtrickle_catalog", "pg_trickle_alert"})
    if (auto listening = db.listen(channel); !listening)
      return listening;
  return {};
}

result<void> confirm_ownership(postgres::session& db, ownership fence) {
  return db
    .exec(fmt::format("SELECT pgtrickle._is_restored() "
                      "FROM pgtrickle.pgt_owner WHERE epoch = {}",
                      fence.epoch))
    .and_then([](const pqxx::result& rows) -> result<void> {
      if (rows.empty())
        return fail(errc::fenced, "another daemon owns the database");
      if (rows[0][0].as<bool>())
        return fail(errc::fenced, "a dump is being loaded into the database");
      return {};
    });
}

} // namespace pgtrickle::observation
