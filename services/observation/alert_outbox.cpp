#include "services/observation/alert_outbox.hpp"

#include "services/catalog/alert_writer.hpp"
#include "services/catalog/stream_table_store.hpp"
#include "services/observation/ownership.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pgtrickle::observation {

result<std::vector<outbox_alert>> unpublished_alerts(postgres::session& db,
                                                     int limit) {
  return db.run<std::vector<outbox_alert>>(
    postgres::isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      std::vector<outbox_alert> alerts;
      for (const auto& row : tx.exec_params(
             "SELECT alert_id, event, payload::text,"
             " to_char(created_at AT TIME ZONE 'UTC',"
             " 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM "
             "pgtrickle.pgt_alerts"
             " WHERE published_at IS NULL ORDER BY alert_id LIMIT $1",
             limit))
        alerts.push_back({row[0].as<std::int64_t>(), row[1].as<std::string>(),
                          row[2].as<std::string>(), row[3].as<std::string>()});
      return alerts;
    });
}

result<void> tell_falling_behind(postgres::session& db, std::uint32_t workers,
                                 std::uint32_t waiting, std::uint32_t late,
                                 ownership fence) {
  return db.run<void>(
    postgres::isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      catalog::write_alert(
        tx, alert::scheduler_falling_behind, std::nullopt,
        {{"workers", workers}, {"waiting", waiting}, {"late", late}});
      catalog::check_fence(tx, fence.epoch);
    });
}

result<void> mark_published(postgres::session& db,
                            const std::vector<std::int64_t>& ids,
                            ownership fence) {
  return db.run<void>(
    postgres::isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      catalog::check_fence(tx, fence.epoch);
      tx.exec_params("UPDATE pgtrickle.pgt_alerts"
                     " SET published_at = clock_timestamp()"
                     " WHERE alert_id = ANY ($1::bigint[])",
                     fmt::format("{{{}}}", fmt::join(ids, ",")));
    });
}

} // namespace pgtrickle::observation
