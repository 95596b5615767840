#include "services/plans/history_reader.hpp"

#include "services/catalog/stream_table_store.hpp"
#include "services/postgres/field.hpp"

#include <fmt/format.h>

#include <map>

namespace pgtrickle::plans {

namespace {

constexpr int remembered_refreshes = 1000;
constexpr int remembered_weeks = 8;

/// Refreshes that moved rows. What fills a table at first is none.
constexpr auto learnt_refreshes
  = "h.status = 'COMPLETED' AND h.action IN ('DIFFERENTIAL', 'FULL', "
    "'REINITIALIZE') AND h.reason IS DISTINCT FROM 'first fill'";

wall_time wall_time_of(const pqxx::field& microseconds) {
  return wall_time{std::chrono::microseconds{microseconds.as<std::int64_t>()}};
}

std::string microseconds(std::string_view column) {
  return fmt::format("(extract(epoch FROM {}) * 1000000)::bigint", column);
}

using pasts = std::map<std::int64_t, past_of_table>;

pasts read_tables(pqxx::transaction_base& tx, const std::string& ids) {
  pasts tables;
  for (const auto& row : tx.exec_params(
         fmt::format(
           "SELECT s.pgt_id, pgtrickle._relation_name(c.oid), "
           "pg_get_userbyid(c.relowner), s.refresh_mode, s.schedule, "
           "s.freshness_deadline_ms, {} FROM pgtrickle.pgt_stream_tables s "
           "JOIN pg_class c ON c.oid = s.pgt_relid "
           "WHERE s.pgt_id = ANY ($1::bigint[])",
           microseconds("s.updated_at")),
         ids)) {
    const auto id = row[0].as<std::int64_t>();
    auto& table = tables[id];
    table.id = stream_table_id{id};
    table.name = row[1].as<std::string>();
    table.owner = row[2].as<std::string>();
    table.mode = row[3].as<std::string>();
    table.schedule = postgres::optional_in<std::string>(row[4]);
    if (!row[5].is_null())
      table.target = std::chrono::milliseconds{row[5].as<std::int64_t>()};
    table.history.scheduled_since = wall_time_of(row[6]);
  }
  return tables;
}

/// What was before the table got its present shape cost something else.
void read_refreshes(pqxx::transaction_base& tx, const std::string& ids,
                    pasts& tables) {
  for (const auto& row : tx.exec_params(
         fmt::format(
           "SELECT t.id, h.refresh_id, {}, {}, {}, h.delta_row_count, h.action "
           "FROM unnest($1::bigint[]) t (id) CROSS JOIN LATERAL ("
           "SELECT * FROM pgtrickle.pgt_refresh_history h WHERE h.pgt_id = "
           "t.id AND {} ORDER BY h.start_time DESC LIMIT {}) h ORDER BY t.id, "
           "h.start_time",
           microseconds("h.data_timestamp"), microseconds("h.start_time"),
           microseconds("h.end_time"), learnt_refreshes, remembered_refreshes),
         ids)) {
    const auto table = tables.find(row[0].as<std::int64_t>());
    if (table == tables.end())
      continue;
    auto& refreshes = table->second.history.refreshes;
    const auto action = row[6].as<std::string>();
    if (action == "REINITIALIZE") {
      refreshes.clear();
      continue;
    }
    refreshes.push_back({row[1].as<std::int64_t>(), wall_time_of(row[2]),
                         wall_time_of(row[3]), wall_time_of(row[4]),
                         row[5].as<double>(), action == "FULL"});
  }
}

void read_hours(pqxx::transaction_base& tx, const std::string& ids,
                pasts& tables) {
  for (const auto& row : tx.exec_params(
         "SELECT pgt_id, (extract(epoch FROM hour) / 3600)::bigint, changes, "
         "refreshes, busy_ms, most_changes FROM pgtrickle.pgt_arrivals "
         "WHERE pgt_id = ANY ($1::bigint[]) ORDER BY pgt_id, hour",
         ids))
    if (const auto table = tables.find(row[0].as<std::int64_t>());
        table != tables.end())
      table->second.history.hours.push_back(
        {std::chrono::sys_time<std::chrono::hours>{
           std::chrono::hours{row[1].as<std::int64_t>()}},
         row[2].as<double>(), row[3].as<double>(), row[4].as<double>(),
         row[5].as<double>()});
}

} // namespace

void count_hours(pqxx::transaction_base& tx,
                 const std::vector<stream_table_id>& tables) {
  const auto ids = catalog::array_of(tables);
  tx.exec_params(
    fmt::format(
      "INSERT INTO pgtrickle.pgt_arrivals (pgt_id, hour, changes, refreshes, "
      "busy_ms, most_changes) SELECT t.id, date_trunc('hour', "
      "h.data_timestamp, 'UTC'), "
      "sum(h.delta_row_count), count(*), "
      "sum(extract(epoch FROM h.end_time - h.start_time) * 1000), "
      "max(h.delta_row_count) "
      "FROM (SELECT s.pgt_id, coalesce(p.counted_from, "
      "now() - make_interval(weeks => {})) FROM pgtrickle.pgt_stream_tables s "
      "LEFT JOIN pgtrickle.pgt_plans p USING (pgt_id) "
      "WHERE s.pgt_id = ANY ($1::bigint[])) t (id, since) "
      // By the index, table by table: the others' history is not read.
      "CROSS JOIN LATERAL (SELECT * FROM pgtrickle.pgt_refresh_history h "
      "WHERE h.pgt_id = t.id AND h.start_time >= t.since "
      "AND h.data_timestamp >= t.since AND {} OFFSET 0) h GROUP BY 1, 2 "
      "ON CONFLICT (pgt_id, hour) DO UPDATE SET changes = EXCLUDED.changes, "
      "refreshes = EXCLUDED.refreshes, busy_ms = EXCLUDED.busy_ms, "
      "most_changes = EXCLUDED.most_changes",
      remembered_weeks, learnt_refreshes),
    ids);
  tx.exec_params(
    fmt::format("DELETE FROM pgtrickle.pgt_arrivals WHERE pgt_id = ANY "
                "($1::bigint[]) AND hour < now() - make_interval(weeks => {})",
                remembered_weeks),
    ids);
}

std::vector<past_of_table>
read_history(pqxx::transaction_base& tx,
             const std::vector<stream_table_id>& tables) {
  const auto ids = catalog::array_of(tables);
  auto found = read_tables(tx, ids);
  read_refreshes(tx, ids, found);
  read_hours(tx, ids, found);
  std::vector<past_of_table> pasts;
  for (auto& [id, past] : found)
    pasts.push_back(std::move(past));
  return pasts;
}

} // namespace pgtrickle::plans
