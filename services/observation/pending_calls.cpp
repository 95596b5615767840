#include "services/observation/pending_calls.hpp"

#include "services/catalog/alert_writer.hpp"
#include "services/catalog/stream_table_store.hpp"
#include "services/observation/ownership.hpp"

#include <nlohmann/json.hpp>

namespace pgtrickle::observation {

namespace {

using nlohmann::json;

json alert_payload(const pending_call& call, const failure& reason) {
  return {{"call_id", call.id},
          {"method", call.method},
          {"arguments", json::parse(call.arguments, nullptr, false)},
          {"role", call.by.role},
          {"sqlstate", reason.state()},
          {"message", reason.message},
          {"hint", reason.hint}};
}

} // namespace

result<std::optional<pending_call>> next_pending_call(postgres::session& db) {
  return db.run<std::optional<pending_call>>(
    postgres::isolation::read_committed,
    [](pqxx::dbtransaction& tx) -> std::optional<pending_call> {
      const auto rows
        = tx.exec("SELECT call_id, method, arguments::text, role, search_path"
                  " FROM pgtrickle.pending_calls WHERE failed_at IS NULL"
                  " ORDER BY call_id LIMIT 1");
      if (rows.empty())
        return std::nullopt;
      const auto row = rows[0];
      return pending_call{row[0].as<std::int64_t>(),
                          row[1].as<std::string>(),
                          row[2].as<std::string>(),
                          {row[3].as<std::string>(), row[4].as<std::string>()}};
    });
}

result<void> close_pending_call(postgres::session& db, std::int64_t id,
                                ownership fence) {
  return db.run<void>(
    postgres::isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      catalog::check_fence(tx, fence.epoch);
      tx.exec_params("DELETE FROM pgtrickle.pending_calls WHERE call_id = $1",
                     id);
    });
}

result<void> fail_pending_call(postgres::session& db, const pending_call& call,
                               const failure& reason, ownership fence) {
  return db.run<void>(
    postgres::isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      catalog::check_fence(tx, fence.epoch);
      tx.exec_params("UPDATE pgtrickle.pending_calls"
                     " SET failed_at = clock_timestamp(), error_message = $2,"
                     " error_sqlstate = $3 WHERE call_id = $1",
                     call.id, reason.message, std::string{reason.state()});
      catalog::write_alert(tx, alert::pending_call_failed, std::nullopt,
                           alert_payload(call, reason));
    });
}

} // namespace pgtrickle::observation
