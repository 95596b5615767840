#include "services/catalog/alert_writer.hpp"

namespace pgtrickle::catalog {

namespace {

// NOTIFY refuses 8000 bytes, and with it the transaction: what is longer is
// told without its payload.
constexpr auto insert_and_notify
  = "WITH written AS ("
    " INSERT INTO pgtrickle.pgt_alerts (event, pgt_id, payload)"
    " VALUES ($1, $2, $3::jsonb) RETURNING alert_id, event, payload)"
    " SELECT pg_notify('pg_trickle_alert',"
    " CASE WHEN octet_length(payload::text) < 8000 THEN payload::text"
    " ELSE jsonb_build_object('event', event, 'alert_id', alert_id)::text END)"
    " FROM written";

} // namespace

void write_alert(pqxx::transaction_base& tx, alert event,
                 std::optional<stream_table_id> table, nlohmann::json payload) {
  const std::string name{to_string(event)};
  payload["event"] = name;
  std::optional<std::int64_t> id;
  if (table)
    id = static_cast<std::int64_t>(*table);
  tx.exec_params(
    insert_and_notify, name, id,
    payload.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

} // namespace pgtrickle::catalog
