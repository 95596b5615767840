#include "services/snapshots/keeping.hpp"

#include "services/catalog/alert_writer.hpp"
#include "services/catalog/stream_table_store.hpp"
#include "services/snapshots/taking.hpp"

#include <fmt/format.h>

namespace pgtrickle::snapshots {

using postgres::isolation;

namespace {

/// A stream table that has a snapshot_schedule.
struct candidate {
  stream_table_id id{};
  std::string name;
  std::string owner;
  std::string schedule;
  std::optional<std::chrono::sys_seconds> last;
  std::chrono::sys_seconds now;
};

std::chrono::sys_seconds seconds_of(const pqxx::field& epoch) {
  return std::chrono::sys_seconds{
    std::chrono::seconds{epoch.as<std::int64_t>()}};
}

std::vector<candidate> candidates(pqxx::dbtransaction& tx) {
  std::vector<candidate> found;
  for (const auto& row :
       tx.exec("SELECT t.pgt_id, pgtrickle._relation_name(t.pgt_relid), "
               "pg_get_userbyid(c.relowner), t.snapshot_schedule, (SELECT "
               "floor(extract(epoch FROM max(s.created_at)))::bigint FROM "
               "pgtrickle.pgt_snapshots s WHERE s.pgt_id = t.pgt_id AND "
               "s.automatic), "
               "floor(extract(epoch FROM clock_timestamp()))::bigint "
               "FROM pgtrickle.pgt_stream_tables t JOIN pg_class c ON c.oid = "
               "t.pgt_relid WHERE t.snapshot_schedule IS NOT NULL AND "
               "t.is_populated ORDER BY 1")) {
    candidate one{stream_table_id{row[0].as<std::int64_t>()},
                  row[1].as<std::string>(),
                  row[2].as<std::string>(),
                  row[3].as<std::string>(),
                  {},
                  seconds_of(row[5])};
    if (!row[4].is_null())
      one.last = seconds_of(row[4]);
    found.push_back(std::move(one));
  }
  return found;
}

/// Tells of a failure, at most once an hour for each stream table.
void tell(postgres::session& db, const candidate& of, const failure& reason) {
  (void)db.run<void>(isolation::read_committed, [&](pqxx::dbtransaction& tx) {
    const auto id = static_cast<std::int64_t>(of.id);
    if (tx.exec_params("SELECT FROM pgtrickle.pgt_alerts WHERE event = $1 AND "
                       "pgt_id = $2 AND created_at > clock_timestamp() - "
                       "interval '1 hour' LIMIT 1",
                       std::string{to_string(alert::snapshot_failed)}, id)
          .empty())
      catalog::write_alert(tx, alert::snapshot_failed, of.id,
                           {{"stream_table", of.name},
                            {"pgt_id", id},
                            {"error", reason.message},
                            {"sqlstate", std::string{reason.state()}}});
  });
}

/// Automatic snapshots beyond what their stream table keeps.
result<std::vector<std::pair<std::string, std::string>>>
superfluous(postgres::session& db) {
  using names = std::vector<std::pair<std::string, std::string>>;
  return db.run<names>(isolation::read_committed, [](pqxx::dbtransaction& tx) {
    names found;
    for (const auto& row : tx.exec(
           "SELECT name, owner FROM (SELECT CASE WHEN c.oid IS NULL THEN "
           "format('%I.%I', s.snapshot_schema, s.snapshot_table) ELSE "
           "pgtrickle._relation_name(c.oid) END AS name, "
           "coalesce(pg_get_userbyid(c.relowner), s.header -> 'stream_table' "
           "->> 'owner') AS owner, t.snapshot_keep AS most, row_number() OVER "
           "(PARTITION BY s.pgt_id ORDER BY s.created_at DESC) AS n FROM "
           "pgtrickle.pgt_snapshots s JOIN pgtrickle.pgt_stream_tables t USING "
           "(pgt_id) LEFT JOIN pg_class c ON c.oid = s.snapshot_relid "
           "WHERE s.automatic) x WHERE n > most"))
      found.emplace_back(row[0].as<std::string>(), row[1].as<std::string>());
    return found;
  });
}

result<std::int64_t> let_go(postgres::session& db, ownership fence) {
  return db.run<std::int64_t>(
    isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      // With its unit once the extension's library is loaded, else as written.
      const auto count
        = tx.exec1(
              "SELECT pgtrickle._unpin_old_snapshots((SELECT CASE WHEN x ~ "
              "'^\\d+$' THEN x::int ELSE extract(epoch FROM x::interval)::int "
              "END FROM coalesce(current_setting("
              "'pg_trickle.snapshot_change_retention', true), '86400') x), "
              "coalesce(current_setting("
              "'pg_trickle.snapshot_change_retention_mb', true), "
              "'1024')::bigint * 1048576)")[0]
            .as<std::int64_t>();
      catalog::check_fence(tx, fence.epoch);
      return count;
    });
}

} // namespace

bool is_due(const schedule& when, std::optional<std::chrono::sys_seconds> last,
            std::chrono::sys_seconds now) {
  if (!last)
    return true;
  if (const auto* every = std::get_if<interval>(&when))
    return now - *last >= every->length;
  const auto* cron = std::get_if<cron_schedule>(&when);
  return cron != nullptr && cron->next(*last) <= now;
}

result<keeping> keep(postgres::session& db, ownership fence) {
  const auto all
    = db.run<std::vector<candidate>>(isolation::read_committed, candidates);
  if (!all)
    return tl::unexpected(all.error());
  keeping done;
  const auto any
    = db.exec("SELECT EXISTS (SELECT FROM pgtrickle.pgt_snapshots)");
  if (!any)
    return tl::unexpected(any.error());
  done.is_needed = !all->empty() || (*any)[0][0].as<bool>();
  for (const auto& one : *all) {
    const auto when = parse_schedule(one.schedule);
    if (!when || !is_due(*when, one.last, one.now))
      continue;
    auto taken
      = take_by_schedule(db, {one.owner, "pg_catalog"}, one.name, fence);
    if (taken) {
      done.taken.push_back(std::move(*taken));
      continue;
    }
    tell(db, one, taken.error());
    done.failures.push_back(std::move(taken.error()));
  }
  const auto extra = superfluous(db);
  if (!extra)
    return tl::unexpected(extra.error());
  for (const auto& [name, owner] : *extra)
    if (drop(db, {owner, "pg_catalog"}, name, fence))
      ++done.dropped;
  return let_go(db, fence).map([&](std::int64_t count) {
    done.let_go = count;
    return done;
  });
}

} // namespace pgtrickle::snapshots
