#include "services/observation/work_guard.hpp"

#include <fmt/format.h>

namespace pgtrickle::observation {

namespace {

constexpr auto blocked_workers
  = "SELECT w.worker, coalesce(("
    " SELECT l.relation::regclass::text FROM pg_locks l"
    "  WHERE l.pid = w.worker AND NOT l.granted AND l.relation IS NOT NULL"
    "  LIMIT 1), 'a row that the refresh needs')"
    " FROM unnest($1::int[], $2::int[]) AS w (worker, caller)"
    " WHERE w.caller = ANY (pg_blocking_pids(w.worker))";

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

result<void> cancel_backend(postgres::session& db, int pid) {
  return db.exec(fmt::format("SELECT pg_cancel_backend({})", pid))
    .map([](const pqxx::result&) {});
}

} // namespace pgtrickle::observation
