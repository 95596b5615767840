#include "services/engine/target_lag.hpp"

#include "services/catalog/alert_writer.hpp"
#include "services/catalog/stream_table_store.hpp"
#include "services/engine/stream_table_names.hpp"
#include "services/postgres/field.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pgtrickle::engine {

using nlohmann::json;
using postgres::abandoned;
using postgres::isolation;
using std::chrono::milliseconds;

namespace {

constexpr auto model_name = "lateness + cost by change + season";

/// Those that were planned: without a plan there is no saying.
constexpr auto with_targets
  = "SELECT s.pgt_id, pgtrickle._relation_name(s.pgt_relid), "
    "s.freshness_deadline_ms, coalesce(a.is_open, false), s.schedule, "
    "(extract(epoch FROM clock_timestamp() - s.data_timestamp) * "
    "1000)::bigint, (extract(epoch FROM clock_timestamp()) * 1000)::bigint, "
    "p.model FROM pgtrickle.pgt_stream_tables s "
    "JOIN pgtrickle.pgt_plans p USING (pgt_id) "
    "LEFT JOIN pgtrickle.pgt_lag_alerts a USING (pgt_id) "
    "WHERE s.pgt_id = ANY ($1::bigint[]) "
    "AND s.freshness_deadline_ms IS NOT NULL";

json payload_of(pqxx::transaction_base& tx, const targeted_table& table,
                const landing& expected) {
  return {{"stream_table", table.name},
          {"pgt_id", static_cast<std::int64_t>(table.id)},
          {"predicted_ms", std::llround(expected.predicted_ms)},
          {"sla_ms", table.target.count()},
          {"database", tx.conn().dbname()}};
}

bool takes_its_turn(pqxx::transaction_base& tx, stream_table_id table) {
  return tx
    .exec_params1("SELECT pgtrickle._take_lag_alert($1, "
                  "pgtrickle._alert_cooldown(), clock_timestamp(), boot, "
                  "uptime) FROM pgtrickle._host_clock()",
                  static_cast<std::int64_t>(table))[0]
    .as<bool>();
}

bool is_over(pqxx::transaction_base& tx, stream_table_id table) {
  return tx
    .exec_params1("SELECT pgtrickle._close_lag_alert($1)",
                  static_cast<std::int64_t>(table))[0]
    .as<bool>();
}

} // namespace

result<stream_table_id> set_target_lag(postgres::session& db, const caller& by,
                                       const std::string& name,
                                       std::optional<milliseconds> target,
                                       ownership fence) {
  if (target && *target <= milliseconds{0})
    return fail(errc::invalid_argument,
                fmt::format("the target lag is {} ms", target->count()),
                "Use an interval above 0, or NULL for no target.");
  return db.run<stream_table_id>(
    isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      const auto id = resolve(tx, by, name);
      const auto table = catalog::load(tx, {id}).at(id);
      check_owner(tx, by, table.relid, table.name);
      std::optional<std::int64_t> ms;
      if (target)
        ms = target->count();
      tx.exec_params("UPDATE pgtrickle.pgt_stream_tables SET "
                     "freshness_deadline_ms = $2, updated_at = now() WHERE "
                     "pgt_id = $1",
                     static_cast<std::int64_t>(id), ms);
      catalog::check_fence(tx, fence.epoch);
      return id;
    });
}

std::optional<milliseconds>
starts_in(const std::optional<std::string>& by_schedule, milliseconds age,
          wall_time now) {
  const auto when = parse_schedule(by_schedule);
  if (!when)
    return std::nullopt;
  if (const auto* every = std::get_if<interval>(&*when))
    return every->length - age;
  const auto* cron = std::get_if<cron_schedule>(&*when);
  if (cron == nullptr)
    return std::nullopt;
  const auto data_at = std::chrono::floor<std::chrono::seconds>(now - age);
  return std::chrono::floor<milliseconds>(wall_time{cron->next(data_at)} - now);
}

bool tell_landing(pqxx::transaction_base& tx, const targeted_table& table,
                  const waiting& at, const landing& expected) {
  if (expected.breach) {
    if (!takes_its_turn(tx, table.id))
      return false;
    auto payload = payload_of(tx, table, expected);
    payload["probability"] = expected.probability;
    payload["model"] = model_name;
    payload["cause"] = to_string(expected.cause);
    payload["suggested_action"] = expected.suggested_action;
    catalog::write_alert(tx, alert::predicted_sla_breach, table.id,
                         std::move(payload));
    return true;
  }
  const auto target = static_cast<double>(table.target.count());
  if (!table.alert_is_open || at.age > table.target
      || expected.predicted_ms > target || !is_over(tx, table.id))
    return false;
  catalog::write_alert(tx, alert::sla_recovered, table.id,
                       payload_of(tx, table, expected));
  return true;
}

void look_ahead(pqxx::transaction_base& tx,
                const std::vector<stream_table_id>& tables) {
  const auto rows = tx.exec_params(with_targets, catalog::array_of(tables));
  for (const auto& row : rows) {
    const targeted_table table{
      stream_table_id{row[0].as<std::int64_t>()}, row[1].as<std::string>(),
      milliseconds{row[2].as<std::int64_t>()}, row[3].as<bool>()};
    waiting at;
    at.now = wall_time{milliseconds{row[6].as<std::int64_t>()}};
    at.age = milliseconds{row[5].as<std::int64_t>()};
    at.target = table.target;
    at.starts_in
      = starts_in(postgres::optional_in<std::string>(row[4]), at.age, at.now)
          .value_or(milliseconds{0});
    if (const auto model = model_in(row[7].as<std::string>()))
      tell_landing(tx, table, at, predict_landing(*model, at));
  }
}

} // namespace pgtrickle::engine
