#include "services/catalog/stream_table_store.hpp"
#include "services/engine/refresh.hpp"

#include <array>

namespace pgtrickle::engine {

namespace {

// Ids rise with time: the oldest rows come first by the primary key.
constexpr std::array statements = {
  "DELETE FROM pgtrickle.pgt_refresh_history WHERE refresh_id IN ("
  "SELECT refresh_id FROM (SELECT refresh_id, start_time, status "
  "FROM pgtrickle.pgt_refresh_history ORDER BY refresh_id LIMIT 1000) oldest "
  "WHERE status <> 'RUNNING' AND start_time < now() - make_interval(days => "
  "$1))",
  "DELETE FROM pgtrickle.pgt_alerts WHERE alert_id IN ("
  "SELECT alert_id FROM (SELECT alert_id, published_at "
  "FROM pgtrickle.pgt_alerts ORDER BY alert_id LIMIT 1000) oldest "
  "WHERE published_at < now() - make_interval(days => $1))",
};

} // namespace

result<std::int64_t> prune_history(postgres::session& db, ownership fence) {
  return db.run<std::int64_t>(
    postgres::isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      const auto days
        = tx.exec1("SELECT coalesce(current_setting("
                   "'pg_trickle.history_retention_days', true), '90')::int")[0]
            .as<int>();
      std::int64_t deleted = 0;
      if (days == 0)
        return deleted;
      for (const auto* statement : statements)
        deleted += static_cast<std::int64_t>(
          tx.exec_params(statement, days).affected_rows());
      catalog::check_fence(tx, fence.epoch);
      return deleted;
    });
}

} // namespace pgtrickle::engine
