#include "services/observation/work_guard.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pgtrickle::observation {

namespace {

constexpr auto blocked_workers
  = "SELECT w.worker, coalesce(("
    " SELECT l.relation::regclass::text FROM pg_locks l"
    "  WHERE l.pid = w.worker AND NOT l.granted AND l.relation IS NOT NULL"
    "  LIMIT 1), 'a row that the refresh needs')"
    " FROM unnest($1::int[], $2::int[]) AS w (worker, caller)"
    " WHERE w.caller = ANY (pg_blocking_pids(w.worker))";

// A lock for DDL, or what a call that changes or drops a stream table waits
// for.
constexpr auto delayed_users
  = "SELECT DISTINCT ON (w.worker) w.worker, l.pid,"
    " coalesce(l.relation::regclass::text, 'a stream table')"
    " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " CROSS JOIN unnest($1::int[]) AS w (worker)"
    " WHERE NOT l.granted"
    " AND l.waitstart < clock_timestamp() - interval '300 milliseconds'"
    " AND (l.mode = 'AccessExclusiveLock'"
    "  AND a.application_name NOT LIKE 'pgtrickle %'"
    "  OR a.application_name LIKE 'pgtrickle registrar@%')"
    " AND w.worker = ANY (pg_blocking_pids(l.pid))";

} // namespace

result<std::vector<blocked_worker>>
blocked_by_caller(postgres::session& db,
                  const std::vector<working_pair>& pairs) {
  std::string workers;
  std::string callers;
  for (const auto& [worker, caller] : pairs) {
    workers += fmt::format("{}{}", workers.empty() ? "" : ",", worker);
    callers += fmt::format("{}{}", callers.empty() ? "" : ",", caller);
  }
  return db.run<std::vector<blocked_worker>>(
    postgres::isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      std::vector<blocked_worker> blocked;
      for (const auto& row : tx.exec_params(
             blocked_workers, "{" + workers + "}", "{" + callers + "}"))
        blocked.push_back({row[0].as<int>(), row[1].as<std::string>()});
      return blocked;
    });
}

result<std::vector<delayed_user>>
delayed_by(postgres::session& db, const std::vector<int>& worker_pids) {
  return db.once<std::vector<delayed_user>>([&](pqxx::transaction_base& tx) {
    std::vector<delayed_user> delayed;
    for (const auto& row : tx.exec_params(
           delayed_users, fmt::format("{{{}}}", fmt::join(worker_pids, ","))))
      delayed.push_back(
        {row[0].as<int>(), row[1].as<int>(), row[2].as<std::string>()});
    return delayed;
  });
}

result<void> cancel_backend(postgres::session& db, int pid) {
  return db.exec(fmt::format("SELECT pg_cancel_backend({})", pid))
    .map([](const pqxx::result&) {});
}

} // namespace pgtrickle::observation
