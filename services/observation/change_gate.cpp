#include "services/observation/change_gate.hpp"

#include <fmt/format.h>

#include <iterator>
#include <sstream>

namespace pgtrickle::observation {

namespace {

// What is visible by this statement's snapshot and not by the one before, and
// whether the epoch still holds.
constexpr auto prepare_look
  = "PREPARE pgt_look (text) AS SELECT now, CASE WHEN now <> $1 THEN "
    "(SELECT string_agg(source::text, ' ') FROM "
    "pgtrickle._touched_since($1::pg_snapshot) AS news (source)) END, "
    "CASE WHEN now <> $1 THEN pgtrickle._fenced_because({}, {}) END "
    "FROM CAST(pg_current_snapshot() AS text) AS now";

std::vector<oid> numbers(const std::string& text) {
  std::istringstream words{text};
  return {std::istream_iterator<oid>{words}, {}};
}

} // namespace

result<void> change_gate::begin(postgres::session& db,
                                const database_facts& facts) {
  return db
    .exec(fmt::format(prepare_look, facts.fence.epoch,
                      db.raw().quote(facts.version)))
    .and_then([&](const pqxx::result&) {
      return db.exec("SELECT pg_current_snapshot()::text");
    })
    .map([&](const pqxx::result& current) {
      last_snapshot_ = current[0][0].as<std::string>();
    });
}

result<std::vector<oid>> change_gate::look(postgres::session& db) {
  auto seen = db.exec(fmt::format("EXECUTE pgt_look('{}')", last_snapshot_));
  if (!seen)
    return tl::unexpected(std::move(seen.error()));
  const auto row = (*seen)[0];
  if (!row[2].is_null())
    return fail(errc::fenced, row[2].as<std::string>());
  last_snapshot_ = row[0].as<std::string>();
  return numbers(row[1].as<std::string>(""));
}

} // namespace pgtrickle::observation
