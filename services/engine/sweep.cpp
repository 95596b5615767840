#include "services/capture/frontier.hpp"
#include "services/catalog/stream_table_store.hpp"
#include "services/engine/buffer_limit.hpp"
#include "services/engine/buffer_part.hpp"
#include "services/engine/refresh.hpp"

#include <fmt/format.h>

namespace pgtrickle::engine {

namespace {

/// The parts that are worth emptying, as of `seen`.
struct large_parts {
  std::string seen;
  /// Every consumer has passed them.
  std::vector<buffer_part> consumed;
  /// Of `touched`, with rows that somebody has still to read.
  std::vector<buffer_part> held;
};

large_parts find_large_parts(pqxx::dbtransaction& tx, sweep_limits limits) {
  large_parts found;
  // One statement, and so one snapshot, for all of it.
  for (const auto& row : tx.exec_params(
         "WITH held AS MATERIALIZED (SELECT * FROM "
         "pgtrickle._unconsumed_parts()) "
         "SELECT pg_current_snapshot(), p.source, p.part, p.name, "
         "EXISTS (SELECT FROM held h WHERE "
         "CASE WHEN p.source = 0 THEN h.announced_in = p.name::regclass "
         "ELSE (h.source, h.part) = (p.source, p.part) END) "
         "FROM pgtrickle._rotating_parts() p WHERE p.rows_size > $1",
         limits.worth_emptying)) {
    found.seen = row[0].as<std::string>();
    buffer_part part{row[1].as<oid>(), row[2].as<int>(),
                     row[3].as<std::string>()};
    if (!row[4].as<bool>())
      found.consumed.push_back(std::move(part));
    else if (part.source == 0)
      found.held.push_back(std::move(part));
  }
  return found;
}

/// Whether rows came into the part that `seen` did not see. Whoever wrote there
/// has ended, the part being locked.
bool has_news(pqxx::dbtransaction& tx, const buffer_part& part,
              const std::string& seen) {
  const auto query
    = part.source == 0
        ? fmt::format("SELECT EXISTS (SELECT FROM {} WHERE "
                      "NOT pg_visible_in_snapshot(xid, $1::pg_snapshot))",
                      part.name)
        : fmt::format("SELECT EXISTS (SELECT FROM pgtrickle._changes_beyond("
                      "ARRAY[{}::oid], $1::pg_snapshot, NULL) "
                      "WHERE part = {})",
                      part.source, part.number);
  return tx.exec_params1(query, seen)[0].as<bool>();
}

/// Merged rows stay in their part, which is so held by whoever needs them; what
/// they replaced goes as soon as no snapshot is left that needs it.
result<void> merge_announcements(postgres::session& db, const buffer_part& part,
                                 ownership fence) {
  return db
    .run<void>(postgres::isolation::read_committed,
               [&](pqxx::dbtransaction& tx) {
                 tx.exec_params("SELECT pgtrickle._merge_announcements($1)",
                                part.name);
                 catalog::check_fence(tx, fence.epoch);
               })
    .and_then([&]() -> result<void> {
      return db.exec("VACUUM " + part.name).map([](const pqxx::result&) {});
    });
}

} // namespace

result<bool> empty_part(postgres::session& db, const buffer_part& part,
                        const std::function<bool(pqxx::dbtransaction&)>& may) {
  auto done = db.run<bool>(
    postgres::isolation::read_committed, [&](pqxx::dbtransaction& tx) {
      // Refreshes would queue up behind a wait; writers go to the other part.
      tx.exec("SET LOCAL lock_timeout = '20ms'");
      tx.exec(fmt::format("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", part.name));
      if (!may(tx)
          || !tx.exec1("SELECT pgtrickle._count_emptying()")[0].as<bool>())
        return false;
      tx.exec("TRUNCATE " + part.name);
      return true;
    });
  if (!done && done.error().code == errc::lock_unavailable)
    return false;
  return done;
}

result<std::int64_t> sweep_change_buffers(postgres::session& db,
                                          ownership fence,
                                          sweep_limits limits) {
  const auto large = db.run<large_parts>(
    postgres::isolation::read_committed,
    [&](pqxx::dbtransaction& tx) { return find_large_parts(tx, limits); });
  if (!large)
    return tl::unexpected(large.error());
  std::int64_t total = 0;
  for (const auto& part : large->consumed) {
    const auto emptied = empty_part(db, part, [&](pqxx::dbtransaction& tx) {
      if (has_news(tx, part, large->seen))
        return false;
      catalog::check_fence(tx, fence.epoch);
      return true;
    });
    if (!emptied)
      return tl::unexpected(emptied.error());
    total += *emptied ? 1 : 0;
  }
  for (const auto& part : large->held)
    if (auto merged = merge_announcements(db, part, fence); !merged)
      return tl::unexpected(std::move(merged.error()));
  return enforce_buffer_limit(db, fence).map(
    [&](std::int64_t dropped) { return total + dropped; });
}

} // namespace pgtrickle::engine
